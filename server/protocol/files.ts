/** A kind of file that Fine-Prune reads or writes beside others of the same base name, recognised by its ending. */
export interface FileKind {
  /** What follows the base name, such as `.defense.json`. */
  readonly ending: string;
  /** A file name's pattern, such as `*.defense.json`: for people, and as a part of a glob. */
  readonly pattern: string;
  /** The glob that VS Code and language clients take for such files in any folder. */
  readonly glob: string;
  /** What people are asked for: `<name>.defense.json`. */
  readonly form: string;
  /** Bytes that are read at most: what is longer is another file. */
  readonly mostBytes: number;
  /** Whether a path or file name is that of such a file. */
  is(file: string): boolean;
  /** The file name of a base name: `a.defense.json` of `a`. */
  named(name: string): string;
  /** The base name of a file name: `a` of `a.defense.json`; of other names, what stands before `.json` or `.jsonc`. */
  nameOf(fileName: string): string;
}

/**
 * @param mebibytes what is read at most
 * @param word the base name of a file that has nothing before its ending
 * @param anyCase whether `.Ending` is the same; only where VS Code, too, tells the kind by the ending in any case
 */
function kind(ending: string, mebibytes: number, word: string, { anyCase = false } = {}): FileKind {
  const own = ending.replace(/\.json$/, '').replaceAll('.', '\\.');
  const endings = new RegExp(`(${own})?\\.jsonc?$`, 'i');
  return {
    ending,
    pattern: `*${ending}`,
    glob: `**/*${ending}`,
    form: `<name>${ending}`,
    mostBytes: mebibytes * 2 ** 20,
    is: (file) => (anyCase ? file.toLowerCase() : file).endsWith(ending),
    named: (name) => `${name}${ending}`,
    nameOf: (fileName) => fileName.replace(endings, '') || word,
  };
}

/** The defense config: what is defended, with which data, and how. Some dozen lines. */
export const CONFIG_FILE = kind('.fineprune.json', 1, 'fineprune', { anyCase: true });
/** The defense report that a run writes: some 50 kB, of a layer of 20,000 units 8 MB. */
export const REPORT_FILE = kind('.defense.json', 8, 'report');
/** Decisions of reviewers about a report, a line each. */
export const REVIEW_FILE = kind('.defense-review.json', 1, 'report');
/** The result of a scan for backdoors: estimates of many classes or large images have some megabytes. */
export const SCAN_FILE = kind('.scan.json', 16, 'scan');
export const FILE_KINDS: readonly FileKind[] = [CONFIG_FILE, REPORT_FILE, REVIEW_FILE, SCAN_FILE];

/** A report as people read it where nothing renders the JSON, and the folder of the model that a run has repaired. */
export const MARKDOWN_ENDING = '.defense.md';
export const DEFENDED_ENDING = '.defended';

/**
 * The file beside one, of the same base name and another kind: the report that a run of a config writes, the decisions about a report.
 * @param file a path, a URI's path or a file name of the kind `from`
 */
export function beside(file: string, from: FileKind, to: FileKind): string {
  const start = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1;
  return file.slice(0, start) + to.named(from.nameOf(file.slice(start)));
}

/** How the files of a model format are called. Patterns have `*` for any characters, and go for any case. */
export interface ModelFiles {
  /** What people call such a model: `TF.js Layers model`. */
  readonly label: string;
  /** Names for which the editor offers its commands unasked. */
  readonly offered: readonly string[];
  /** Names that are a model's by all appearances: where many files are looked through, their content decides among these. */
  readonly likely: readonly string[];
  /** Endings that a model may have whatever its name. */
  readonly endings: readonly string[];
  /** Weight files beside it. */
  readonly weights: readonly string[];
  /** Bytes of the file by which a model is opened that are read at most. */
  readonly mostBytes: number;
}

/** A TF.js Layers model, as `model.save()` calls it. */
export const MODEL_FILE = 'model.json';

const FILES = {
  'tfjs-layers': {
    label: 'TF.js Layers model',
    offered: [MODEL_FILE],
    likely: ['*model*.json'],
    endings: ['.json'],
    weights: ['*.bin'],
    // The weights lie in files of their own.
    mostBytes: 64 * 2 ** 20,
  },
} satisfies Record<string, ModelFiles>;

/** Model formats that Fine-Prune opens, as reports name them, in the order of `server/engine/model/formats/registry.ts`. */
export type ModelFormatId = keyof typeof FILES;
export const MODEL_FILES: Readonly<Record<ModelFormatId, ModelFiles>> = FILES;
export const MODEL_FORMAT_IDS = Object.keys(FILES) as [ModelFormatId, ...ModelFormatId[]];

/** What says how a model was made that `poison-train` has made. */
export const CARD_FILE = 'CARD.md';

/** What is opened, for people: `TF.js Layers models`. */
export const MODEL_LABELS = Object.values(MODEL_FILES)
  .map(({ label }) => `${label}s`)
  .join(', ');
const allOf = (field: 'offered' | 'likely' | 'weights'): readonly string[] => [
  ...new Set(Object.values(MODEL_FILES).flatMap((files) => files[field])),
];
export const OFFERED_MODELS = allOf('offered');
/** The same, for people. */
export const MODEL_FORM = OFFERED_MODELS.join(' or ');
export const MODEL_PATTERNS = allOf('likely');
export const WEIGHTS_PATTERNS = allOf('weights');

/** Endings of models without their dot, for dialogs that choose files; with those of configs. */
export const MODEL_EXTENSIONS: string[] = [
  ...new Set(Object.values(MODEL_FILES).flatMap(({ endings }) => endings.map((ending) => ending.slice(1)))),
];
export const MODEL_OR_CONFIG_EXTENSIONS: string[] = [...new Set([...MODEL_EXTENSIONS, 'json'])];

/** Bytes of a model's file that are read at most, whatever its format. */
export const MOST_MODEL_BYTES = Math.max(...Object.values(MODEL_FILES).map(({ mostBytes }) => mostBytes));
/** Bytes of weights that a text for diffs is made of at most: it takes all of them into memory. */
export const MOST_TEXT_WEIGHT_BYTES = 2 ** 30;

/** The source of a regular expression for names that fit one of some patterns. */
function namesLike(patterns: readonly string[]): string {
  const sources = patterns.map((pattern) => pattern.replaceAll('.', '\\.').replaceAll('*', '.*'));
  return sources.length > 1 ? `(?:${sources.join('|')})` : sources.join();
}

const others = FILE_KINDS.map(({ ending }) => ending.slice(1, -'.json'.length)).join('|');
const likelyNames = (patterns: readonly string[]): RegExp =>
  new RegExp(`^(?!.*\\.(?:${others})\\.json$)${namesLike(patterns)}$`, 'i');

/** Names that are a model's by all appearances: `model.json`, `tf_model.json`, `model-2.json`, and no file of another kind. */
export const MODEL_NAMES = likelyNames(MODEL_PATTERNS);
/** @param format of which format; left out: of any */
export const looksLikeModel = (fileName: string, format?: ModelFormatId): boolean =>
  (format ? likelyNames(MODEL_FILES[format].likely) : MODEL_NAMES).test(fileName);

const OFFERED_NAMES = new RegExp(`^${namesLike(OFFERED_MODELS)}$`);
/** Whether the editor offers its commands unasked for a file of this name. */
export const isOfferedModel = (fileName: string): boolean => OFFERED_NAMES.test(fileName);
/** Whether a file is a model rather than its weights, by its ending. */
export const hasModelEnding = (fileName: string): boolean =>
  Object.values(MODEL_FILES).some(({ endings }) => endings.some((ending) => fileName.endsWith(ending)));

/**
 * Base name of what is written about a model: its own, or its folder's where it is called `model` as TF.js calls every model.
 * @param folderName name of the folder that it lies in
 */
export function modelBaseName(fileName: string, folderName: string): string {
  const ending = MODEL_EXTENSIONS.find((one) => fileName.toLowerCase().endsWith(`.${one}`));
  const own = ending === undefined ? fileName : fileName.slice(0, -ending.length - 1);
  return (own === 'model' ? folderName : own).replace(/^\.+/, '') || 'model';
}

/** The glob of files in any folder whose name fits one of some patterns. */
export const anyOf = (...patterns: readonly string[]): string =>
  patterns.length === 1 ? `**/${patterns[0]}` : `**/{${patterns.join(',')}}`;

/** The folder that stands for the lock on a run's outputs, while it runs. */
export const lockName = (name: string): string => `.${name}.fineprune.lock`;
/** The folder beside a run's outputs in which they wait until they are whole. */
export const workName = (name: string): string => `.${name}.fineprune.tmp`;
/** The base name by which lock and work folder of a scan are called: it runs beside a run of the same base name. */
export const scanBase = (name: string): string => `${name}.scan`;
