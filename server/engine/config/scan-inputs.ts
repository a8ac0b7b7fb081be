import path from 'node:path';
import type { ResolvedConfig } from '../../protocol/config/config';
import { sourceFiles, splitOf, withPaths } from '../../protocol/data-source';
import { FinePruneError } from '../../protocol/errors';
import type { ScanRequest } from '../../protocol/report/scan';
import { at } from './at-place';
import { parseConfig, readConfig, readConfigText, resolveConfig, type ReadOptions } from './read-config';
import { modelBaseName } from '../../protocol/files';

/** Where a config names what a scan reads. */
const CLEAN_PLACE = '/data/train';

/** What a config says of a scan of its model beside the data. */
export type ScanSettings = Required<Pick<ScanRequest, 'scale' | 'mean' | 'std' | 'seed' | 'backend' | 'threads'>>;

/** What a config says about a scan of its model, and where the result goes. */
export interface ScanInputs extends ScanSettings, Required<Pick<ScanRequest, 'model' | 'clean' | 'config'>> {
  /** Folder and base name of the config. */
  folder: string;
  name: string;
  /** Adds file, line and column of the config to a failure that names only a place in it. */
  placed(error: unknown): unknown;
}

/**
 * A scan of a config's model on its clean training images: the test images stay for the figures of a run.
 * @param options.ownData false where other clean data are given: then where its own lie does not matter
 * @throws FinePruneError `config.…` and `path.outside`, with file and place
 */
export async function scanInputs(
  configPath: string,
  { ownData = true, ...options }: ReadOptions & { ownData?: boolean } = {},
): Promise<ScanInputs> {
  const { config, folder, name, resolve, placed } = await readConfig(configPath, options);
  const { holdout, holdoutNamed, fineTuneImages } = config.data;
  const clean = splitOf(config.data, 'train');
  try {
    if (ownData) {
      for (const { path: written, place, what } of sourceFiles(clean, CLEAN_PLACE))
        await at(place, () => resolve(written, `clean ${what}`));
    }
  } catch (error) {
    throw placed(error);
  }
  // As the person knows them: the result names its files relative to itself, whatever links lead there.
  const absolute = (written: string): string => path.resolve(folder, written);
  return {
    model: absolute(config.model),
    clean: withPaths(clean, absolute),
    ...settingsIn(config),
    config: { holdout, ...(holdoutNamed && { holdoutNamed }), fineTuneImages, target: config.trigger?.target ?? null },
    folder,
    name,
    placed,
  };
}

/**
 * The settings of a config alone: neither its model nor its data are looked for.
 * @throws FinePruneError `config.…`, with file and place
 */
export async function readSettings(configPath: string): Promise<ScanSettings> {
  return settingsIn(resolveConfig(parseConfig(await readConfigText(configPath), configPath)));
}

function settingsIn({ data: { scale, mean, std }, seed, backend, threads }: ResolvedConfig): ScanSettings {
  return { scale, mean, std, seed, backend, threads };
}

/** Base name of what is written about a model without a config. */
export function modelName(model: string): string {
  return modelBaseName(path.basename(model), path.basename(path.dirname(model)));
}

/**
 * How a failure is reported where no config names the clean data: a place in a config means nothing there, the file that stands for it
 * does.
 */
export function placedWithoutConfig(error: unknown, { clean }: Pick<ScanRequest, 'clean'>): unknown {
  if (!(error instanceof FinePruneError)) return error;
  const { kind, code, message, todo } = error;
  const inConfig = error.file === undefined && error.place?.startsWith('/');
  const file = !inConfig
    ? error.file
    : sourceFiles(clean, CLEAN_PLACE).find(({ place }) => place === error.place)?.path;
  const place = inConfig ? undefined : error.place;
  const next = todo?.replace(/ in the config(?=[.,])/, '');
  return new FinePruneError(
    {
      kind,
      code,
      message,
      ...(file !== undefined && { file }),
      ...(place !== undefined && { place }),
      ...(next !== undefined && { todo: next }),
    },
    { cause: error },
  );
}
