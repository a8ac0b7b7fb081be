import path from 'node:path';
import type { AllowedFolders } from '../../engine/files/confine';
import { FinePruneError } from '../../protocol/errors';
import type { CheckPolicy } from '../../protocol/policy';
import type { CheckLevel, CheckResult } from '../../protocol/report/review';
import type { EngineEvent } from '../../protocol/messages/engine';
import type { Cancellable } from '../cancellation';
import type { Repository } from '../git';
import type { Head } from './base/head';
import { CONFIG_FILE } from '../../protocol/files';

/** What holds for all reports of one check. */
export interface CheckContext {
  /** Absolute working folder, links followed. */
  cwd: string;
  repository: Repository | null;
  base: Base | null;
  /** Names of the working folder; null where there is no repository. */
  head: Head | null;
  /** `inside`: its path from the repository's root, where it was read from the base revision. */
  policy: { text: CheckPolicy; source: string; inside: string | null } | null;
  /** Of which models the command line requires a report. */
  required: 'changed' | 'all' | null;
  /** Data folders beyond the repository, absolute. */
  allowed: string[];
  /** Absolute path of the config that the command line names for its one report; null for none. */
  config: string | null;
  level: CheckLevel;
  backend: 'auto' | 'native' | 'wasm';
  /** YYYY-MM-DD: decisions end by it. */
  today: string;
  /** Around what starts an engine: a signal ends everything else by itself. */
  cancellable: Cancellable;
  onEvent(event: EngineEvent): void;
}

/** The revision whose gates and decisions count. */
export interface Base {
  /** As the person named it. */
  ref: string;
  commit: string;
  /** Object ids of its files by path from the repository's root. */
  files: ReadonlyMap<string, string>;
  /** The commits of its submodules by path. */
  submodules: ReadonlyMap<string, string>;
  /** Contents of its reports, configs and decisions by object id. */
  contents: ReadonlyMap<string, Buffer>;
}

/** One report, where it lies and what belongs to it. */
export interface Target {
  /** Absolute path, and as people see it. */
  file: string;
  shown: string;
  folder: string;
  /** The config's base name. */
  name: string;
  /** Path, from the repository's root, of the base's report of this very model, when it had another name there. */
  movedFrom: string | null;
  /** Other reports of the base with other terms that it could as well have come from. */
  rivals: readonly string[];
  /** Absolute path of its config; null for `<name>.fineprune.json` beside it. */
  config: string | null;
  /** Folder that confines what the report and its config name. */
  allowed: AllowedFolders;
}

/** Absolute path of a report's config. */
export function configOf({ config, folder, name }: Target): string {
  return config ?? path.join(folder, CONFIG_FILE.named(name));
}

export const fail = (id: string, message: string, pointer?: string): CheckResult => ({
  id,
  outcome: 'fail',
  message,
  ...(pointer !== undefined && { pointer }),
});
export const warn = (id: string, message: string, pointer?: string): CheckResult => ({
  id,
  outcome: 'warn',
  message,
  ...(pointer !== undefined && { pointer }),
});
export const pass = (id: string, message: string, pointer?: string): CheckResult => ({
  id,
  outcome: 'pass',
  message,
  ...(pointer !== undefined && { pointer }),
});

/** `fail` with what went wrong, or `pass`. */
export const hold = (id: string, good: boolean, words: { good: string; bad: string }, pointer?: string): CheckResult =>
  good ? pass(id, words.good, pointer) : fail(id, words.bad, pointer);

/** A fault of a file as a result; what is no fault of a file goes on. */
export function failure(id: string, what: string, error: unknown, pointer?: string): CheckResult {
  if (!(error instanceof FinePruneError) || error.kind !== 'input') throw error;
  const code = error.code.startsWith('path.') ? error.code : id;
  return fail(code, `${what}: ${error.message}${error.todo ? ` ${error.todo}` : ''}`, pointer);
}

/** What brings files of which git has left Git LFS pointers. */
export const FETCH = 'Run `git lfs pull` (`lfs: true` for actions/checkout).';
