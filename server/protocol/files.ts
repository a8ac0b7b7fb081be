/** A kind of file that Fine-Prune reads or writes beside others of the same base name, told by its ending. */
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
/** The defense report that a run writes: of a large layer some megabytes. */
export const REPORT_FILE = kind('.defense.json', 64, 'report');
/** Decisions of reviewers about a report, a line each. */
export const REVIEW_FILE = kind('.defense-review.json', 1, 'report');
/** The result of a scan for backdoors: estimates of many classes or large images have some megabytes. */
export const SCAN_FILE = kind('.scan.json', 16, 'scan');
export const FILE_KINDS: readonly FileKind[] = [CONFIG_FILE, REPORT_FILE, REVIEW_FILE, SCAN_FILE];

/** A report as people read it where nothing renders the JSON, and the folder of the model that a run has repaired. */
export const MARKDOWN_ENDING = '.defense.md';
export const DEFENDED_ENDING = '.defended';

/** A TF.js Layers model, as `model.save()` calls it. */
export const MODEL_FILE = 'model.json';
/** Bytes of such a file that are read at most; the weights lie in files of their own. */
export const MOST_MODEL_BYTES = 64 * 2 ** 20;

/**
 * The file beside one, of the same base name and another kind: the report that a run of a config writes, the decisions about a report.
 * @param file a path, a URI's path or a file name of the kind `from`
 */
export function beside(file: string, from: FileKind, to: FileKind): string {
  const start = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1;
  return file.slice(0, start) + to.named(from.nameOf(file.slice(start)));
}

/**
 * Base name of what is written about a model: its own, or its folder's where it is called `model.json` as TF.js calls every model.
 * @param folderName name of the folder that it lies in
 */
export function modelBaseName(fileName: string, folderName: string): string {
  const own = fileName.replace(/\.json$/i, '');
  return (own === 'model' ? folderName : own).replace(/^\.+/, '') || 'model';
}

/** Names that are a model's by all appearances: `model.json`, `tf_model.json`, `model-2.json`, and no file of another kind. */
export const MODEL_NAMES = /^(?!.*\.(?:fineprune|defense|defense-review|scan)\.json$).*model.*\.json$/i;
export const looksLikeModel = (fileName: string): boolean => MODEL_NAMES.test(fileName);
/** As far as a glob says it. */
export const MODEL_PATTERN = '*model*.json';
export const WEIGHTS_PATTERN = '*.bin';

/** The glob of files in any folder whose name fits one of some patterns. */
export const anyOf = (...patterns: readonly string[]): string =>
  patterns.length === 1 ? `**/${patterns[0]}` : `**/{${patterns.join(',')}}`;

/** The folder that stands for the lock on a run's outputs, while it runs. */
export const lockName = (name: string): string => `.${name}.fineprune.lock`;
