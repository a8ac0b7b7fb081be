import type { DataHeader } from '../../protocol/data-source';
import type { Failure } from '../../protocol/errors';
import type { ModelSummary } from '../../protocol/model';

/**
 * What the disk has to say about a config. The server gathers it; the functions of this folder only read it, so that they
 * never wait for anything.
 */
export interface ConfigFacts {
  /** The model that the config names; left out while it is still being read. */
  model?: ModelFact;
  /** Data and image files, by their place in the config, such as `data.train.images`. */
  files: ReadonlyMap<string, FileFact>;
  /** Files that could be named, as paths relative to the config, nearest first. */
  nearby: { models: readonly string[]; data: readonly string[]; images: readonly string[] };
}

/** Why a path leads nowhere: not there, not a file, or outside the folders that may be read. */
export type Absence = 'missing' | 'folder' | 'outside';

export type ModelFact =
  | { state: Absence }
  /** No TF.js Layers model, or one that can't be read: what it is, and what to do. */
  | { state: 'unreadable'; message: string; todo?: string }
  | { state: 'ok'; summary: ModelSummary };

export type FileFact =
  | { state: Absence }
  | { state: 'unreadable'; message: string }
  /** `header` is null when the file is no data file (a PNG). */
  | { state: 'ok'; header: DataHeader | null };

export const NO_FACTS: ConfigFacts = { files: new Map(), nearby: { models: [], data: [], images: [] } };

/** The summary of a model that was read and can be defended or not; undefined in all other cases. */
export function summaryOf(facts: ConfigFacts): ModelSummary | undefined {
  return facts.model?.state === 'ok' ? facts.model.summary : undefined;
}

/** A failed run, kept until the next run of the same config or a change of its text. */
export interface FailedRun {
  failure: Failure;
  /** Path, as written in the config, of the file that the failure names. */
  writtenPath?: string;
}
