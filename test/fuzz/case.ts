import type { Chance } from './chance';

/** A hostile thing of the file system, made after all files in the place of `path`. */
export interface Hostile {
  readonly kind:
    | 'folder'
    | 'device'
    | 'random'
    | 'fifo'
    | 'fifo link'
    | 'loop'
    | 'canary'
    | 'dangling'
    | 'self'
    | 'sparse'
    | 'empty';
  /** Relative to the folder of the case. */
  readonly path: string;
}

/** One input: a folder of files, some of them changed. */
export interface Case {
  /** Bytes by path, relative to the folder of the case. */
  readonly files: Map<string, Uint8Array>;
  readonly hostile: readonly Hostile[];
  /** The file that is opened, relative to the folder of the case. */
  readonly main: string;
  /** What was changed, in words. */
  readonly how: readonly string[];
}

/** What every case starts from: files of a whole project, by name. */
export type Corpus = ReadonlyMap<string, Uint8Array>;

/** A kind of file, with what makes inputs of it and what reads them. */
export interface Kind {
  readonly name: string;
  /** Share of the inputs, relative to the other kinds. */
  readonly weight: number;
  make(chance: Chance, corpus: Corpus): Case;
  /** By name. Each is called with the absolute path of the case's folder and of its main file. */
  readonly readers: Readonly<Record<string, Reader>>;
  /** Whether a person names that file where a reader of this kind is called: then a link in its place may be followed. */
  names?(reader: string, file: string): boolean;
  /** What of the project the commands need beside the files of a case, where these are not the whole project. */
  readonly beside?: RegExp;
  /** Arguments of the command line that read such a case. */
  readonly commands: readonly ((main: string) => string[])[];
  /** How an editor opens the main file; left out where it does not. */
  readonly language?: 'fineprune' | 'json' | 'markdown';
}

/**
 * Reads a case with the functions of the engine.
 * @returns a word for what was found, for the count of distinct outcomes
 * @throws FinePruneError for what is wrong with the case; `Broken` for what can't be; everything else is a fault of ours
 */
export type Reader = (input: Opened) => Promise<string> | string;

export interface Opened {
  /** Absolute, links followed. */
  readonly folder: string;
  /** Absolute path of the main file. */
  readonly file: string;
  readonly corpus: Corpus;
  /** A folder, not there yet, that a reader may write. */
  readonly out: string;
}

/** What holds of everything that is read without a fault, and did not hold. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** @throws Broken */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what);
}

/** Text of a file of the corpus. */
export function textOf(corpus: Corpus, name: string): string {
  return Buffer.from(bytesOf(corpus, name)).toString('utf8');
}

export function bytesOf(corpus: Corpus, name: string): Uint8Array {
  const bytes = corpus.get(name);
  if (!bytes) throw new Error(`the corpus has no ${name}`);
  return bytes;
}

/** The files of a folder of the corpus, without its name. */
export function below(corpus: Corpus, folder: string): Map<string, Uint8Array> {
  return new Map(
    [...corpus].flatMap(([name, bytes]) =>
      name.startsWith(`${folder}/`) ? [[name.slice(folder.length + 1), bytes]] : [],
    ),
  );
}
