import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { inversions, type ScanResult } from '../../protocol/report/scan';
import type { BackendInfo } from '../backend/select';
import { cacheFolder } from '../backend/native-sources';
import { EVALUATION_BATCH, type InputSource } from '../pass/inputs';
import { canonicalJson, sha256 } from '../files/hash';
import { writeFileAtomically } from '../files/write';
import { decodeEstimate } from '../triggers/estimate';
import { checkedScan } from './checked-scan';
import type { CheckedSubject } from './clean-check';
import { DETECTORS } from './registry';
import { MEASURED_IMAGES, SEARCH_IMAGES } from './scan-images';

/** Of the way a scan computes: another version makes other results of the same bytes. */
const VERSION = 4;
/** Scans that are kept, the newest. */
const MOST = 200;

/** Everything that a scan's result rests on, as one hash: model, images, settings and engine. */
export function scanKey(
  { model, normalisation, scale, search, measured, seed, wanted, targets }: CheckedSubject,
  backend: Pick<BackendInfo, 'name' | 'version' | 'threads' | 'oneDnn' | 'cpuFeatures'>,
): string {
  const contents = (source: InputSource): string => {
    const hash = createHash('sha256');
    // Some at a time: all pixels of large images as floats would be gigabytes.
    for (let start = 0; start < source.count; start += EVALUATION_BATCH) {
      hash.update(
        source.pixels(
          Int32Array.from({ length: Math.min(EVALUATION_BATCH, source.count - start) }, (_, i) => start + i),
        ),
      );
    }
    return hash.update(Int32Array.from(source.labels)).digest('hex');
  };
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
      search: contents(search),
      measured: contents(measured),
      seed,
      wanted: [...wanted].sort((a, b) => a - b),
      ...(targets && { targets }),
      backend: { name, version, threads, oneDnn, cpuFeatures },
    }),
  );
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
  const kept = useCache ? await readKept(file, subject) : null;
  if (kept) return { scan: kept, cached: true };
  const scan = await checkedScan(subject);
  // A cache that can't be written costs time, never a result.
  await keep(file, scan).catch(() => undefined);
  return { scan, cached: false };
}

/** The scan of these very bytes where it lies in the user's cache; null else. */
export async function keptScan(subject: CheckedSubject, backend: BackendInfo): Promise<ScanResult | null> {
  return await readKept(fileOf(subject, backend), subject);
}

function fileOf(subject: CheckedSubject, backend: BackendInfo): string {
  return path.join(cacheFolder(), 'scans', `${scanKey(subject, backend)}.json`);
}

async function readKept(file: string, { model, targets, wanted }: CheckedSubject): Promise<ScanResult | null> {
  try {
    const { checksum, scan } = JSON.parse(await readFile(file, 'utf8')) as { checksum: string; scan: ScanResult };
    if (checksum !== sha256(canonicalJson(scan))) return null;
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

async function keep(file: string, scan: ScanResult): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true });
  await writeFileAtomically(file, JSON.stringify({ checksum: sha256(canonicalJson(scan)), scan }));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  if (names.length <= MOST) return;
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(path.join(folder, name))).mtimeMs })),
  );
  for (const { name } of aged.sort((a, b) => b.at - a.at).slice(MOST))
    await rm(path.join(folder, name), { force: true });
}
