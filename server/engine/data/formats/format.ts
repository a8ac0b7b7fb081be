import type { DataHeader, DataSource, SourceOptions } from '../../../protocol/data-source';
import type { Split } from '../dataset';

/**
 * A format of data: its folder beside this file, and its line in `registry.ts`. Which files a source names, and where in a config, is
 * said by its fields in `server/protocol/data-source.ts`, which pages and editor read, too.
 */
export interface DataFormat<Source extends DataSource = DataSource> {
  readonly name: Source['format'];

  /**
   * Whether a file may be one of this format's.
   * @param head its first bytes (`HEAD_BYTES` of them)
   */
  match(name: string, head: Uint8Array): boolean;

  /**
   * What a file of a source says of itself, from as few bytes as will do.
   * @param file absolute path
   * @param what what the file is meant to hold, for messages, such as `test images`
   * @param options the format's own fields that say how it is read, and are no paths
   * @throws FinePruneError `data.…`, in the words that `open` has for the same fault
   */
  header(file: string, what: string, options: SourceOptions): Promise<DataHeader>;

  /**
   * The data sets among some files, as far as their names say which belong together, in the order of the files.
   * @param files absolute paths
   */
  pair(files: readonly string[]): DataPair<Source>[];

  /**
   * Opens a source. Pixels stay as they are stored: a set is never held as floats.
   * @param source with absolute paths
   * @throws FinePruneError `data.…`, with the file at fault
   */
  open(source: Source, options: OpenOptions): Promise<OpenSplit>;
}

/** A training and a test split that belong together. */
export interface DataPair<Source extends DataSource = DataSource> {
  readonly folder: string;
  readonly train: Source;
  readonly test: Source;
}

export interface OpenOptions {
  /** Takes a stored value to [0, 1]. */
  readonly scale: number;
  /** The split's name, for messages, such as `training`. */
  readonly name: string;
}

/** A split with the SHA-256 of each file's bytes, in the order of the source's fields. */
export interface OpenSplit extends Split {
  readonly hashes: readonly string[];
}
