import type { Proof, TriggeredRate } from '../../protocol/report/report';
import { suspectedClasses, inversionOf, type ScanResult } from '../../protocol/report/scan';
import type { View } from '../data/dataset';
import { sha256 } from '../files/hash';
import { boundedSuccess } from '../detect/neural-cleanse/bounded';
import { reportedScan } from '../detect/reported';
import { scanModel } from '../detect/scan';
import { pairedSuccess } from '../detect/success';
import type { ScanImages } from '../detect/scan-images';
import { proofSentence } from './attempt-words';
import { boundsOf } from '../repair/held-out';
import { EVALUATION_BATCH, sourceOf, subsetOf, type InputSource, type PassOptions } from '../pass/inputs';

export interface ProofSetting {
  /** Of the input model; null where none was made. */
  before: ScanResult | null;
  /** What triggers are searched on. */
  images: ScanImages;
  /** What the success of those of suspicious classes is measured on: a verdict rests on it, and choices were made on held-out images. */
  test: View;
  /** Whether the figures rest on a trigger that somebody knows. */
  known: boolean;
  seed: number;
  pass: PassOptions;
}

/**
 * Looks at the repaired model, which the variables hold by then.
 * @param repaired where it is another model than the one that the proof was opened with: its own
 * @throws FinePruneError of kind `cancelled` within one step
 */
export type Prove = (onProgress: (share: number) => void, repaired?: PassOptions) => Promise<Proof>;

/** Other seeds than those of the first scan and of the rounds: the search that chose a repair can't be the one that proves it. */
export const proofSeed = (seed: number): number => (seed + 2) % 2 ** 32;

/**
 * What speaks for a repair beyond the trigger that it was made with: a scan of the repaired model, all classes, and a new trigger that is
 * no larger than the one found in the input model. Opened while the model's variables hold the input model, whose
 * triggers are measured then, on the same images as the fresh ones afterwards.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function openProof({ before, images, test, known, seed, pass }: ProofSetting): Promise<Prove> {
  const suspected = before ? suspectedClasses(before) : [];
  const unseen = suspected.length ? unsearched(sourceOf(test), images.search) : null;
  // Where every test image was searched on, the held-out ones have to do.
  const measuredOn = unseen?.count ? 'test' : null;
  const measured = measuredOn ? unseen! : images.measured;
  const successes = new Map<number, TriggeredRate>();
  for (const target of suspected)
    successes.set(target, await pairedSuccess(target, inversionOf(before!, target)!.estimate!, measured, pass));
  return async (onProgress, repaired = pass) => {
    const own = proofSeed(seed);
    const scan = await scanModel({
      ...repaired,
      ...images,
      seed: own,
      wanted: [],
      onProgress: (done) => onProgress(0.8 * done),
    });
    const tried = before
      ? await boundedSuccess(boundsOf(before), { search: images.search, measured }, own, repaired, (share) =>
          onProgress(0.8 + 0.2 * share),
        )
      : [];
    onProgress(1);
    const bounded = tried.map(({ target, norm, success }) => ({
      target,
      norm,
      before: successes.get(target)!,
      after: success,
    }));
    const facts: Omit<Proof, 'sentence'> = {
      scan: reportedScan(scan),
      bounded,
      ...(measuredOn && { measuredOn }),
      basis: known ? 'known trigger and fresh scan' : 'fresh scan',
    };
    return { ...facts, sentence: proofSentence(facts) };
  };
}

/** The images that are not among those searched on, pixel for pixel: training and test files may share some. */
export function unsearched(test: InputSource, search: InputSource): InputSource {
  const searched = new Set(hashesOf(search));
  const others = Int32Array.from(hashesOf(test).flatMap((hash, position) => (searched.has(hash) ? [] : [position])));
  return others.length === test.count ? test : subsetOf(test, others);
}

function hashesOf(source: InputSource): string[] {
  const hashes: string[] = [];
  for (let start = 0; start < source.count; start += EVALUATION_BATCH) {
    const rows = Math.min(EVALUATION_BATCH, source.count - start);
    const pixels = source.pixels(Int32Array.from({ length: rows }, (_, i) => start + i));
    const size = pixels.length / rows;
    for (let i = 0; i < rows; i++)
      hashes.push(sha256(new Uint8Array(pixels.buffer, pixels.byteOffset + 4 * i * size, 4 * size)));
  }
  return hashes;
}
