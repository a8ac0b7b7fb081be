import { stat } from 'node:fs/promises';
import path from 'node:path';
import { checkModelFile } from '../engine/model/formats/registry';
import { refuseOtherModel } from '../engine/model/formats/other-model';
import { badInput } from '../protocol/errors';
import { configsBeside, configsIn, initLine, several } from './find-config';
import { CONFIG_FILE, MODEL_FILE } from '../protocol/files';

/** What is scanned: the model that a config names, or a model by itself, with the configs beside it that name it. */
export type ScanTarget =
  { config: string; model?: undefined } | { config?: undefined; model: string; naming: string[] };

/**
 * What a command-line argument means: a config; the only config beside a model that names it; the only config in a folder; without an
 * argument, the current folder. Where clean data are given no config is needed, and none can be in the way: the argument means the
 * model itself, of a folder its model.json, else the model of its only config.
 *
 * @param hasData whether clean data were given
 * @throws FinePruneError `cli.notFound`, `cli.noConfig` or `cli.severalConfigs`, with the candidates and what to type; `model.…` for
 *   what is no model that can be scanned
 */
export async function findScanTarget(target: string | undefined, cwd: string, hasData: boolean): Promise<ScanTarget> {
  const asked = path.resolve(cwd, target ?? '.');
  if (CONFIG_FILE.is(asked)) return { config: asked };
  const info = await stat(asked).catch(() => null);
  if (!info)
    throw badInput('cli.notFound', `There is no ${target ?? 'current folder'}.`, {
      file: asked,
      todo: `Name a model.json, or a defense config (${CONFIG_FILE.pattern}).`,
    });
  if (!info.isDirectory()) return await ofModel(asked, cwd, hasData);
  const model = path.join(asked, MODEL_FILE);
  const isThere = await stat(model).then(
    (found) => found.isFile(),
    () => false,
  );
  if (hasData && isThere) return await ofModel(model, cwd, hasData);
  const configs = await configsIn(asked);
  if (configs.length === 1 && configs[0]) return { config: configs[0] };
  if (configs.length > 1) throw several(asked, configs, 'in this folder', 'Name the one whose model to scan.');
  if (isThere) return await ofModel(model, cwd, hasData);
  await refuseOtherModel(asked);
  throw badInput(
    'cli.notFound',
    `There is neither a model.json nor a defense config (${CONFIG_FILE.pattern}) in this folder.`,
    { file: asked, todo: 'Name the model to scan.' },
  );
}

async function ofModel(model: string, cwd: string, hasData: boolean): Promise<ScanTarget> {
  const naming = await configsBeside(model);
  if (hasData) {
    await checkModelFile(model, { strict: false });
    return { model, naming };
  }
  if (naming.length === 1 && naming[0]) return { config: naming[0] };
  if (naming.length > 1)
    throw several(
      model,
      naming,
      'that name this model',
      'Name the one whose data to use, or add --clean IMAGES LABELS.',
    );
  await checkModelFile(model, { strict: false });
  throw badInput(
    'cli.noConfig',
    `No defense config (${CONFIG_FILE.pattern}) beside this model names it, so clean data must be given.`,
    {
      file: model,
      todo: `Add --clean IMAGES LABELS, or make a config: ${initLine(path.relative(cwd, model) || model)}`,
    },
  );
}
