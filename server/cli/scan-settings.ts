import path from 'node:path';
import { readSettings, type ScanSettings } from '../engine/config/scan-inputs';
import { canonicalJson } from '../engine/files/hash';
import { FinePruneError } from '../protocol/errors';

/** What the configs that name a model have to say of a scan on clean data that were given. */
export interface KnownSettings {
  /** The only config that names the model, where it can be read; null else. */
  config: string | null;
  /** Its settings, or no more than the pixels' where several configs agree on them. */
  settings: Partial<ScanSettings>;
  /** Where scale, mean and std are from, for people. */
  told: string;
}

const DEFAULTS = 'scale 1/255, mean 0, std 1, the defaults';
const MOST_NAMED = 3;

/**
 * Settings of a scan on given data, from configs whose own data are not looked at. None is needed: what can't be read, or contradicts
 * another, is left aside, and that is said.
 * @param naming absolute paths of the configs that name the model
 */
export async function settingsOf(naming: readonly string[]): Promise<KnownSettings> {
  if (naming.length === 0)
    return { config: null, settings: {}, told: `${DEFAULTS}; no config beside the model names it` };
  const read = await Promise.all(naming.map((file) => settingsOrNull(file)));
  const known = read.filter((settings) => settings !== null);
  const names = namesOf(naming);
  const [first, ...others] = known;
  if (!first) return { config: null, settings: {}, told: `${DEFAULTS}; ${names} can't be read` };
  const pixels = ({ scale, mean, std }: ScanSettings): Pick<ScanSettings, 'scale' | 'mean' | 'std'> => ({
    scale,
    mean,
    std,
  });
  if (naming.length === 1) return { config: naming[0]!, settings: first, told: `scale, mean and std of ${names}` };
  if (others.some((one) => canonicalJson(pixels(one)) !== canonicalJson(pixels(first))))
    return { config: null, settings: {}, told: `${DEFAULTS}; ${names} disagree` };
  const broken = known.length < naming.length ? ', as far as they can be read' : '';
  return { config: null, settings: pixels(first), told: `scale, mean and std that ${names} agree on${broken}` };
}

async function settingsOrNull(file: string): Promise<ScanSettings | null> {
  try {
    return await readSettings(file);
  } catch (error) {
    if (error instanceof FinePruneError && error.kind === 'input') return null;
    throw error;
  }
}

function namesOf(files: readonly string[]): string {
  const names = files
    .slice(0, MOST_NAMED)
    .map((file) => path.basename(file))
    .join(', ');
  return files.length > MOST_NAMED ? `${names} and ${files.length - MOST_NAMED} more` : names;
}
