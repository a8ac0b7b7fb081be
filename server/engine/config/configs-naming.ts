import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { tolerantValue } from '../../json/tolerant';
import { CONFIG_FILE } from '../../protocol/files';
import { readText } from '../files/read';

/**
 * The configs, of those given and in their order, that name a model: the same file, whatever links lead to it. One whose text is broken
 * elsewhere still names its model: the person mends it, instead of being asked for a second one. What can't be read names none.
 *
 * @param configs absolute paths
 * @param model absolute path
 * @param textOf text of a config; default: as it lies on the disk. Undefined where there is none
 */
export async function configsNaming(
  configs: readonly string[],
  model: string,
  textOf: (config: string) => Promise<string | undefined> = (config) =>
    readText(config, CONFIG_FILE.mostBytes).catch(() => undefined),
): Promise<string[]> {
  const wanted = await realOf(model);
  const naming: string[] = [];
  for (const config of configs) {
    const named = modelNamedBy((await textOf(config)) ?? '', config);
    if (named !== null && (await realOf(named)) === wanted) naming.push(config);
  }
  return naming;
}

function modelNamedBy(text: string, config: string): string | null {
  const value = tolerantValue(text) as { model?: unknown } | undefined;
  return typeof value?.model === 'string' ? path.resolve(path.dirname(config), value.model) : null;
}

/** Free of links; a file that is not there, as it is called. */
const realOf = (file: string): Promise<string> => realpath(file).catch(() => path.resolve(file));
