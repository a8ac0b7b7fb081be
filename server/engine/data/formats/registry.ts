import path from 'node:path';
import {
  DATA_FORMATS,
  fieldsOf,
  sourceFiles,
  sourceOfPaths,
  type DataFormatName,
  type DataHeader,
  type DataSource,
  type SourceOf,
} from '../../../protocol/data-source';
import { readHead } from '../../files/sniff';
import type { DataFormat, DataPair } from './format';
import { IDX } from './idx/idx';

/** Every data format: a new one plugs in here. */
const FORMATS: { readonly [Name in DataFormatName]: DataFormat<SourceOf<Name>> } = {
  idx: IDX,
};

export function formatOf({ format }: Pick<DataSource, 'format'>): DataFormat {
  return FORMATS[format];
}

/** The data sets among some files, of every format. */
export function pairedSets(files: readonly string[]): DataPair[] {
  return DATA_FORMATS.flatMap((format): DataPair[] => formatOf({ format }).pair(files));
}

/**
 * The source of files that a person typed, in the order of a format's fields: of the format that all of them match, else of the first
 * that has as many files, for its reader to say what is wrong with them.
 * @returns null where no format has as many files
 */
export async function sourceOfFiles(files: readonly string[]): Promise<DataSource | null> {
  const possible = DATA_FORMATS.filter((format) => fieldsOf(format).length === files.length);
  const heads = await Promise.all(files.map((file) => readHead(file).catch(() => null)));
  const matching = possible.find((format) =>
    files.every((file, at) => heads[at] && formatOf({ format }).match(path.basename(file), heads[at])),
  );
  const format = matching ?? possible[0];
  return format ? sourceOfPaths(format, files) : null;
}

/**
 * What a source says of itself without being opened: the headers of its files, as one.
 * @param source with absolute paths
 * @throws FinePruneError as `DataFormat.header`
 */
export async function headerOf(source: DataSource, name: string): Promise<DataHeader> {
  let known: DataHeader = {};
  // One after the other: of several faults the first is reported.
  for (const { field, path: file, what } of sourceFiles(source)) {
    const { images, labels } = await formatOf(source).header(file, `${name} ${what}`, source);
    known = {
      ...known,
      ...(images && field.holds.includes('images') && { images }),
      ...(labels && field.holds.includes('labels') && { labels }),
    };
  }
  return known;
}
