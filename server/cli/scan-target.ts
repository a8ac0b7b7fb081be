import { stat } from 'node:fs/promises';
import path from 'node:path';
import { checkModelFile } from '../engine/model/check-model';
import { refuseOtherModel } from '../engine/model/other-model';
import { badInput } from '../protocol/errors';
import { CONFIG_SUFFIX, configsIn, configsNaming, initLine, several } from './find-config';

/** What is scanned: the model that a config names, or a model by itself. */
export type ScanTarget = { config: string; model?: undefined } | { config?: undefined; model: string };

/**
 * What a command-line argument means: a config; the only config beside a model that names it, else the model itself; the only config
 * in a folder, else its model.json; without an argument, the current folder.
 *
 * @param hasData whether clean data were given, so that no config is needed
 * @throws FinePruneError `cli.notFound`, `cli.noConfig` or `cli.severalConfigs`, with the candidates and what to type; `model.…` for
 *   what is no model that can be scanned
 */
export async function findScanTarget(target: string | undefined, cwd: string, hasData: boolean): Promise<ScanTarget> {
  const asked = path.resolve(cwd, target ?? '.');
  if (asked.endsWith(CONFIG_SUFFIX)) return { config: asked };
  const info = await stat(asked).catch(() => null);
  if (!info) throw badInput('cli.notFound', `There is no ${target ?? 'current folder'}.`, { file: asked, todo: `Name a model.json, or a defense config (*${CONFIG_SUFFIX}).` });
  if (!info.isDirectory()) return await ofModel(asked, cwd, hasData);
  const configs = await configsIn(asked);
  if (configs.length === 1 && configs[0]) return { config: configs[0] };
  if (configs.length > 1) throw several(asked, configs, 'in this folder', 'Name the one whose model is to be scanned.');
  const model = path.join(asked, 'model.json');
  if (await stat(model).then((found) => found.isFile(), () => false)) return await ofModel(model, cwd, hasData);
  await refuseOtherModel(asked);
  throw badInput('cli.notFound', `There is neither a model.json nor a defense config (*${CONFIG_SUFFIX}) in this folder.`, { file: asked, todo: 'Name the model to scan.' });
}

async function ofModel(model: string, cwd: string, hasData: boolean): Promise<ScanTarget> {
  const naming = await configsNaming(model);
  if (naming.length === 1 && naming[0]) return { config: naming[0] };
  if (naming.length > 1) throw several(model, naming, 'that name this model', 'Name the one whose data are to be used.');
  await checkModelFile(model, { strict: false });
  if (hasData) return { model };
  throw badInput('cli.noConfig', `No defense config (*${CONFIG_SUFFIX}) beside this model names it, so clean data have to be given.`, {
    file: model,
    todo: `Add --clean IMAGES LABELS, or make a config: ${initLine(path.relative(cwd, model) || model)}`,
  });
}
