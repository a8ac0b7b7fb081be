import { createHash } from 'node:crypto';
import path from 'node:path';
import { inversions, type ScanResult } from '../../protocol/report/scan';
import type { BackendInfo } from '../backend/select';
import { cacheFolder } from '../backend/native-sources';
import { EVALUATION_BATCH, type InputSource } from '../pass/inputs';
import { canonicalJson, sha256 } from '../files/hash';
import { keep, readKept } from '../files/kept';
import { decodeEstimate } from '../triggers/estimate';
import { checkedScan } from './checked-scan';
import type { CheckedSubject } from './clean-check';
import { DETECTORS } from './registry';
import { MEASURED_IMAGES, SEARCH_IMAGES } from './scan-images';

/** Of the way a scan computes: another version makes other results of the same bytes. */
const VERSION = 4;

/** Everything that a scan's result rests on, as one hash: model, images, settings and engine. */
export function scanKey(
  { model, normalisation, scale, search, measured, seed, wanted, targets }: Omit<CheckedSubject, 'signal'>,
  backend: Pick<BackendInfo, 'name' | 'version' | 'threads' | 'oneDnn' | 'cpuFeatures'>,
): string {
  const { name, version, threads, oneDnn, cpuFeatures } = backend;
  return sha256(
    canonicalJson({
      version: VERSION,
      images: { search: SEARCH_IMAGES, measured: MEASURED_IMAGES },
      detectors: DETECTORS.map(({ method, settings }) => ({ method, settings })),
      // Whatever file the model lies in.
      model: { topology: model.hashes.topology, weights: model.hashes.weights },
      scale,
      mean: normalisation.mean,
      std: normalisation.std,
      search: contentsOf(search),
      measured: contentsOf(measured),
      seed,
      wanted: [...wanted].sort((a, b) => a - b),
      ...(targets && { targets }),
      backend: { name, version, threads, oneDnn, cpuFeatures },
    }),
  );
}

/** SHA-256 of the pixels and labels of some images, as they are read. */
export function contentsOf(source: InputSource): string {
  const hash = createHash('sha256');
  // Some at a time: all pixels of large images as floats would be gigabytes.
  for (let start = 0; start < source.count; start += EVALUATION_BATCH) {
    hash.update(
      source.pixels(Int32Array.from({ length: Math.min(EVALUATION_BATCH, source.count - start) }, (_, i) => start + i)),
    );
  }
  return hash.update(Int32Array.from(source.labels)).digest('hex');
}

/**
 * The scan of these very bytes from the user's cache, or else a new one, which is then kept there. What can't be read, or does not fit,
 * is as good as not there.
 * @param useCache false always computes
 * @throws FinePruneError as `checkedScan` does
 */
export async function cachedScan(
  subject: CheckedSubject,
  backend: BackendInfo,
  useCache = true,
): Promise<{ scan: ScanResult; cached: boolean }> {
  const file = fileOf(subject, backend);
  const kept = useCache ? await usableScan(file, subject) : null;
  if (kept) return { scan: kept, cached: true };
  const scan = await checkedScan(subject);
  // A cache that can't be written costs time, never a result.
  await keep(file, scan).catch(() => undefined);
  return { scan, cached: false };
}

/** The scan of these very bytes where it lies in the user's cache; null else. */
export async function keptScan(subject: CheckedSubject, backend: BackendInfo): Promise<ScanResult | null> {
  return await usableScan(fileOf(subject, backend), subject);
}

function fileOf(subject: CheckedSubject, backend: BackendInfo): string {
  return path.join(cacheFolder(), 'scans', `${scanKey(subject, backend)}.json`);
}

async function usableScan(file: string, { model, targets, wanted }: CheckedSubject): Promise<ScanResult | null> {
  try {
    const scan = (await readKept(file)) as ScanResult;
    const found = inversions(scan);
    // Of a model that does not know the images nothing was searched.
    if (found.length !== 0 && found.length !== (targets?.length ?? model.classes)) return null;
    // What a scan gives holds the estimates that matter; repairs rely on it.
    for (const { estimate, flagged, target } of found)
      if (estimate || flagged || wanted.includes(target)) decodeEstimate(estimate!, model.inputShape);
    return scan;
  } catch {
    return null;
  }
}
