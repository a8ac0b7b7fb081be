import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ResolvedConfig } from '../../protocol/config/config';
import { badInput, FinePruneError } from '../../protocol/errors';
import { at, type Resolve } from './at-place';
import { HEAD_BYTES, kindOfBytes, kindOfText } from '../files/file-kind';
import { kindWords } from '../files/kinds';
import { confinedPath } from '../files/confine';
import { ReadFault, readStart } from '../files/read';
import { NAME_A_CONFIG, parseConfig, placeOf } from './parse-config';
import { resolveConfig } from './resolve-config';
import { CONFIG_FILE } from '../../protocol/files';

export { configProblems, parseConfig, type ConfigProblem } from './parse-config';
export { resolveConfig, resolveTrigger } from './resolve-config';

/** A config on disk, ready to run. */
export interface OpenConfig {
  /** Absolute path of the config, and its folder. */
  readonly file: string;
  readonly folder: string;
  /** The file's name without `.fineprune.json`. */
  readonly name: string;
  readonly config: ResolvedConfig;
  /** Absolute path of the model; whether it exists is for its reader to say. */
  readonly modelPath: string;
  /** Takes a path as the config says it to an absolute one inside the allowed folders; throws `path.outside`. */
  readonly resolve: Resolve;
  /** Adds this file, line and column to a failure that names only a place in the config, such as `/trigger/target`. */
  placed(error: unknown): unknown;
}

export interface ReadOptions {
  /** Workspace folder that confines every path; default: the config's own folder. */
  readonly root?: string;
  /** Folders beyond it from which may be read. */
  readonly allowedFolders?: readonly string[];
}

/**
 * Reads a defense config and fills in its defaults.
 *
 * @throws FinePruneError `config.…` with file, place, line and column; `path.outside` when the model lies outside of the allowed folders
 */
export async function readConfig(
  configPath: string,
  { root, allowedFolders = [] }: ReadOptions = {},
): Promise<OpenConfig> {
  const file = path.resolve(configPath);
  const text = await readConfigText(file);
  const folder = path.dirname(await realpath(file));
  const config = resolveConfig(parseConfig(text, file));
  const allowed = { root: root ?? folder, folders: allowedFolders };
  const resolve: Resolve = (relative, what = 'files') => confinedPath(folder, relative, allowed, what);
  const placed = (error: unknown): unknown => {
    if (!(error instanceof FinePruneError) || error.file !== undefined || !error.place?.startsWith('/')) return error;
    return new FinePruneError({ ...error.toFailure(), file, place: placeOf(text, error.place) }, { cause: error });
  };
  try {
    const modelPath = await at('/model', () => resolve(config.model, 'model'));
    return { file, folder: path.dirname(file), name: baseName(file), config, modelPath, resolve, placed };
  } catch (error) {
    throw placed(error);
  }
}

/** `mnist` for `mnist.fineprune.json`; for other names, the name without `.json` or `.jsonc`. */
export function baseName(file: string): string {
  return CONFIG_FILE.nameOf(path.basename(file));
}

/**
 * The text of a config, of bounded size.
 * @throws FinePruneError `config.missing`, `.unreadable`, `.tooLarge`, `.lfsPointer`, `.encoding`, `.notAFile`
 */
export async function readConfigText(file: string): Promise<string> {
  const { bytes, size } = await readStart(file, CONFIG_FILE.mostBytes).catch((error: unknown) => {
    throw unreadable(error, file);
  });
  const other = kindOfBytes(bytes.subarray(0, HEAD_BYTES));
  // What a text is, its parser says, with a place in it.
  if (other && other.sure === 'content' && !kindOfText(bytes.toString('latin1', 0, 1024))) {
    throw badInput('config.otherFormat', `This ${kindWords(other)}, not a defense config.`, {
      file,
      todo: NAME_A_CONFIG,
    });
  }
  if (size > bytes.length)
    throw badInput('config.tooLarge', 'This file is far too large for a defense config.', {
      file,
      todo: NAME_A_CONFIG,
    });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badInput('config.encoding', 'The config is not UTF-8 text.', {
      file,
      todo: 'Save it with UTF-8 encoding.',
    });
  }
}

function unreadable(error: unknown, file: string): unknown {
  if (!(error instanceof ReadFault)) return error;
  switch (error.reason) {
    case 'missing':
      return badInput('config.missing', 'The config does not exist.', {
        file,
        todo: 'Correct the path, or run Fine-Prune on the model.json to create a config.',
      });
    case 'folder':
    case 'special':
      return badInput('config.notAFile', `The config is not a file. ${error.message}`, {
        file,
        todo: `Name the \`${CONFIG_FILE.form}\` itself.`,
      });
    case 'changed':
      return error;
    default:
      return badInput('config.unreadable', `The config can't be read (${error.system}).`, {
        file,
        todo: 'Check its permissions.',
      });
  }
}
