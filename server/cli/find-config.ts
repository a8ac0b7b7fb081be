import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkModelFile } from '../engine/model/formats/registry';
import { refuseOtherModel } from '../engine/model/formats/other-model';
import { badInput } from '../protocol/errors';
import { CONFIG_FILE } from '../protocol/files';
import { configsNaming } from '../engine/config/configs-naming';

/**
 * The defense config that a command-line argument means: a config itself; the only config beside a model that names it;
 * the only config in a folder; without an argument, the only config in the current folder.
 *
 * @returns its absolute path
 * @throws FinePruneError `cli.notFound`, `cli.noConfig` or `cli.severalConfigs`, with the candidates and what to type; `model.…` for
 *   what is no model that can be defended, and has no config
 */
export async function findConfig(target: string | undefined, cwd: string): Promise<string> {
  const asked = path.resolve(cwd, target ?? '.');
  if (CONFIG_FILE.is(asked)) return asked;
  const info = await stat(asked).catch(() => null);
  if (!info) {
    throw badInput('cli.notFound', `There is no ${target ?? 'current folder'}.`, {
      file: asked,
      todo: `Name a defense config (${CONFIG_FILE.pattern}) or a model.json.`,
    });
  }
  return info.isDirectory() ? await onlyConfigIn(asked) : await onlyConfigOf(asked, cwd);
}

async function onlyConfigIn(folder: string): Promise<string> {
  const configs = await configsIn(folder);
  if (configs.length === 1 && configs[0]) return configs[0];
  if (configs.length > 1) throw several(folder, configs, 'in this folder');
  await refuseOtherModel(folder);
  throw badInput('cli.noConfig', `There is no defense config (${CONFIG_FILE.pattern}) in this folder.`, {
    file: folder,
    todo: howToMakeOne('MODEL.json'),
  });
}

async function onlyConfigOf(model: string, cwd: string): Promise<string> {
  const naming = await configsBeside(model);
  if (naming.length === 1 && naming[0]) return naming[0];
  if (naming.length > 1) throw several(model, naming, 'that name this model');
  await checkModelFile(model, { strict: false });
  throw badInput('cli.noConfig', `No defense config (${CONFIG_FILE.pattern}) beside this model names it.`, {
    file: model,
    todo: howToMakeOne(path.relative(cwd, model) || model),
  });
}

/** The configs beside a model that name it. */
export const configsBeside = async (model: string): Promise<string[]> =>
  await configsNaming(await configsIn(path.dirname(model)), model);

export async function configsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => CONFIG_FILE.is(name))
    .sort()
    .map((name) => path.join(folder, name));
}

export function several(file: string, configs: string[], which: string, todo = 'Name the one to run.'): Error {
  const names = configs.map((config) => path.basename(config)).join(', ');
  return badInput('cli.severalConfigs', `There are ${configs.length} defense configs ${which}: ${names}.`, {
    file,
    todo,
  });
}

function howToMakeOne(model: string): string {
  return `Make one: ${initLine(model)}`;
}

/** The command that writes a config. */
export function initLine(model: string): string {
  return `fine-prune init ${model} --train IMAGES LABELS --test IMAGES LABELS [--trigger patch --target 0]`;
}
