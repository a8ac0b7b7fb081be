import type { ResolvedConfig } from '../../protocol/config/config';
import type { ScanResult } from '../../protocol/report/scan';
import { checkTarget } from '../triggers/open-trigger';
import type { BackendInfo } from '../backend/select';
import type { Roles } from '../data/dataset';
import type { OpenModel } from '../model/model';
import type { CheckedSubject } from './clean-check';
import { cachedScan, keptScan } from './scan-cache';
import { scanImagesOf, type ScanImages } from './scan-images';

/** The scan of an input model, and the images that it was made on. */
export interface Scanned {
  scan: ScanResult;
  images: ScanImages;
}

/** What the scan of a config's model rests on. */
export interface ConfigScan {
  config: ResolvedConfig;
  model: OpenModel;
  roles: Roles;
}

type Heard = Pick<CheckedSubject, 'signal' | 'onProgress' | 'onClass' | 'onPlan' | 'onClean'>;

/**
 * The scan of a config's model, from the user's cache where it was made before. A run and the inspector come to the same one.
 * @throws FinePruneError `trigger.target`, `scan.tooFewImages`, `scan.noGradient`; of kind `cancelled` within one step
 */
export async function scanOfConfig(subject: ConfigScan, backend: BackendInfo, heard: Heard): Promise<Scanned> {
  const target = subject.config.trigger?.target ?? null;
  // Before the search, which takes its time.
  if (target !== null) checkTarget(target, subject.model.classes);
  const { images, ...scanned } = withImages(subject, heard);
  const { scan } = await cachedScan(scanned, backend);
  return { scan, images };
}

/** The same scan where it lies in the user's cache; null where it does not, or where none could be made. Nothing is searched. */
export async function keptScanOfConfig(subject: ConfigScan, backend: BackendInfo): Promise<ScanResult | null> {
  try {
    return await keptScan(withImages(subject, { signal: new AbortController().signal }), backend);
  } catch {
    // Too few images for a scan: then there is none.
    return null;
  }
}

function withImages({ config, model, roles }: ConfigScan, heard: Heard): CheckedSubject & { images: ScanImages } {
  const images = scanImagesOf(roles, config.seed, config.data.format);
  const target = config.trigger?.target ?? null;
  return {
    model,
    normalisation: config.data,
    scale: config.data.scale,
    seed: config.seed,
    wanted: target === null ? [] : [target],
    ...images,
    images,
    ...heard,
  };
}
