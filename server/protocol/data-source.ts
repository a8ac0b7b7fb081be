import * as v from 'valibot';
import { object, said, oneOf } from './shape/shape';

/**
 * Where data lie, for everybody who names, copies, checks or asks for them. What the files contain and how they are read is known to
 * `server/engine/data/formats/` alone; what the fields of a format are called, to this file alone.
 */

/** The files of a split, as a config writes them: one shape for each data format. Their texts are what a hover shows. */
export const SPLIT_SHAPES = {
  idx: said(
    object({
      images: said(v.string(), 'Path of the images, relative to this file.'),
      labels: said(v.string(), 'Path of the labels, relative to this file.'),
    }),
    'Two files that belong together: the same number of images and labels, in the same order.',
  ),
};
export type DataFormatName = keyof typeof SPLIT_SHAPES;
export const DATA_FORMATS = Object.keys(SPLIT_SHAPES) as [DataFormatName, ...DataFormatName[]];
export const DataFormat = v.picklist(DATA_FORMATS);

/** The files of a split in any format. */
export const SplitFiles = oneOf(Object.values(SPLIT_SHAPES));
export type SplitFiles = v.InferOutput<typeof SplitFiles>;

/** Where the images and labels of one split lie. */
export type DataSource = { [Name in DataFormatName]: SourceOf<Name> }[DataFormatName];
export type SourceOf<Name extends DataFormatName> = { format: Name } & v.InferOutput<(typeof SPLIT_SHAPES)[Name]>;

/** What a file of a source can hold. */
export type Content = 'images' | 'labels';

/** A field of a source that is the path of a file. */
export interface SourceField {
  readonly name: string;
  readonly holds: readonly Content[];
  /** What such a file is usually called, beside a word for its split. */
  readonly names: RegExp;
  /** A name of each split, for a config that is just begun. */
  readonly examples: Readonly<Record<SplitName, string>>;
}

/** The splits of a data set, by their names in a config. */
export type SplitName = 'train' | 'test';
export const SPLIT_NAMES: readonly SplitName[] = ['train', 'test'];
/** Words for the splits in names of files, the usual one first. */
export const SPLIT_WORDS: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train'],
  test: ['t10k', 'test', 'val'],
};
export const namesSplit = (fileName: string, split: SplitName): boolean =>
  SPLIT_WORDS[split].some((word) => fileName.toLowerCase().includes(word));

/** What everybody has to know of a format. */
interface FormatFields {
  /** As people call it. */
  readonly title: string;
  /** The paths of a source, in the order in which a person types them and a report lists them. */
  readonly fields: readonly SourceField[];
  /** Other fields of a source, such as the name of an array in a file. */
  readonly options: readonly string[];
  /** Names that are those of such data by all appearances; and as far as a glob says it. */
  readonly fileNames: RegExp;
  readonly patterns: readonly string[];
}

const FORMATS: Readonly<Record<DataFormatName, FormatFields>> = {
  // As MNIST and its kin are called: `train-images-idx3-ubyte.gz`, `labels.idx1`.
  idx: {
    title: 'IDX, plain or gzip',
    fields: [
      {
        name: 'images',
        holds: ['images'],
        names: /image|idx[34]/i,
        examples: { train: 'train-images-idx3-ubyte', test: 't10k-images-idx3-ubyte' },
      },
      {
        name: 'labels',
        holds: ['labels'],
        names: /label|idx1/i,
        examples: { train: 'train-labels-idx1-ubyte', test: 't10k-labels-idx1-ubyte' },
      },
    ],
    options: [],
    fileNames: /(^|[-_.])idx[1-4]([-_.]|$)|ubyte(\.gz)?$/i,
    patterns: ['*idx[1-4]*', '*ubyte*'],
  },
};

/** What a config means that names no format. */
export const DEFAULT_FORMAT: DataFormatName = 'idx';

/** A format's name; the default where the word is none. */
export function formatNamed(word: unknown): DataFormatName {
  return DATA_FORMATS.find((name) => name === word) ?? DEFAULT_FORMAT;
}

/** The format that some files are in by their names; the default where these say nothing. */
export function formatNamedBy(fileNames: readonly string[]): DataFormatName {
  const isNamed = (format: DataFormatName): boolean => fileNames.some((name) => FORMATS[format].fileNames.test(name));
  return DATA_FORMATS.find(isNamed) ?? DEFAULT_FORMAT;
}

export const fieldsOf = (format: DataFormatName): readonly SourceField[] => FORMATS[format].fields;
export const formatTitle = (format: DataFormatName): string => FORMATS[format].title;

/** Whether a file is one of data, by its name. */
export const looksLikeData = (fileName: string): boolean =>
  Object.values(FORMATS).some(({ fileNames }) => fileNames.test(fileName));
export const DATA_PATTERNS: readonly string[] = Object.values(FORMATS).flatMap(({ patterns }) => patterns);

/** Of a source of its own, its triggered images or a part of a config: the fields of a format, and nothing else. */
export function sourceFrom(format: DataFormatName, value: object): DataSource {
  const { fields, options } = FORMATS[format];
  const known = new Set([...fields.map(({ name }) => name), ...options]);
  return { format, ...Object.fromEntries(Object.entries(value).filter(([key]) => known.has(key))) } as DataSource;
}

/** The format of a source and those of its fields that are no paths: what says how its files are read. */
export type SourceOptions = Pick<DataSource, 'format'>;

export function optionsFrom(format: DataFormatName, value: object): SourceOptions {
  const { options } = FORMATS[format];
  return { format, ...Object.fromEntries(Object.entries(value).filter(([key]) => options.includes(key))) };
}

/** The source of a split of a config. */
export function splitOf(data: { format: DataFormatName } & Record<SplitName, object>, split: SplitName): DataSource {
  return sourceFrom(data.format, data[split]);
}

/** A source as configs and reports write it, which name its format once for all splits. */
export function withoutFormat(source: DataSource): SplitFiles {
  const files: Partial<DataSource> = { ...source };
  delete files.format;
  return files as SplitFiles;
}

/** A source of the same format whose paths are others. */
export function withPaths(source: DataSource, change: (path: string) => string): DataSource {
  const paths = sourceFiles(source).map(({ field, path }) => [field.name, change(path)]);
  return { ...source, ...Object.fromEntries(paths) } as DataSource;
}

/** One file of a source. */
export interface SourceFile {
  readonly field: SourceField;
  readonly path: string;
  /** Place in the config, such as `/data/train/images`. */
  readonly place: string;
  /** What it holds, for messages: `images`, `images and labels`. */
  readonly what: string;
}

/**
 * The files of a source, in the order of a report's list. What is confined, hashed, watched or named in a message is one of these.
 * @param place of the source in a config, such as `/data/train`
 */
export function sourceFiles(source: DataSource, place = ''): SourceFile[] {
  return fieldsOf(source.format).map((field) => ({
    field,
    path: (source as unknown as Record<string, string>)[field.name]!,
    place: `${place}/${field.name}`,
    what: contentWords(field),
  }));
}

export const contentWords = ({ holds }: Pick<SourceField, 'holds'>): string => holds.join(' and ');

/** Place in a config of the file that holds a split's images, or its labels. */
export function placeOf(format: DataFormatName, place: string, content: Content): string {
  return `${place}/${fieldsOf(format).find(({ holds }) => holds.includes(content))!.name}`;
}

/** The source of paths in the order of a format's fields. */
export function sourceOfPaths(format: DataFormatName, paths: readonly string[]): DataSource {
  return sourceFrom(format, Object.fromEntries(fieldsOf(format).map(({ name }, at) => [name, paths[at]])));
}

/** What a data file says of itself, without its pixels being read. */
export interface DataHeader {
  /** Where it holds images: how many, and [height, width, channels]. */
  readonly images?: { readonly count: number; readonly shape: readonly [number, number, number] };
  /** Where it holds labels: how many, and the largest, if that is known without reading much. */
  readonly labels?: { readonly count: number; readonly largest?: number };
}
