import type { Rate } from '../../protocol/report/report';
import type { ScanAdvice, ScanResult } from '../../protocol/report/scan';
import type { InputSource } from '../pass/inputs';
import { predict } from '../pass/measure';
import { confusionMatrix, outcomes } from '../metrics/evaluate';
import { sparseConfusion } from '../metrics/sparse-confusion';
import { rate } from '../metrics/rate';
import { nearChance } from '../metrics/near-chance';
import { adviceSentence } from './advice-words';
import { otherLabels } from './other-labels';
import { otherPixels } from './other-pixels';
import type { ScanSubject } from './detector';

/** What a scan needs to know of its images beside their pixels. */
export interface CheckedSubject extends ScanSubject {
  /** Factor that took the stored pixels to [0, 1]. */
  scale: number;
  /** Called before anything is searched. */
  onClean?: (known: Pick<ScanResult, 'cleanAccuracy' | 'advice'>) => void;
}

/** How well a model knows the images that it is scanned with. */
export interface CleanCheck {
  /** Over all images of the scan. */
  cleanAccuracy: Rate;
  /** Masks of a model that does not know its own images say nothing. */
  nearChance: boolean;
  /** Null where nothing speaks against settings and labels. */
  advice: ScanAdvice | null;
}

/**
 * Measures the model on the images of a scan, and looks for settings and for an order of the labels that fit it better.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function checkClean({
  search,
  measured,
  scale,
  seed,
  model,
  normalisation,
  signal,
}: CheckedSubject): Promise<CleanCheck> {
  const pass = { model, normalisation, signal };
  const read = { labels: search.labels, predicted: await predict(search, pass) };
  const tried = { labels: measured.labels, predicted: await predict(measured, pass) };
  const source = joined(search, measured);
  const predicted = Int32Array.from([...read.predicted, ...tried.predicted]);
  const hits = outcomes(predicted, source.labels);
  const cleanAccuracy = rate(
    hits.reduce((sum, hit) => sum + hit, 0),
    hits.length,
  );
  const settings = await otherPixels(source, { scale, mean: normalisation.mean, std: normalisation.std }, seed, pass);
  const labels = otherLabels(read, tried, model.classes);
  // One fault explains the errors: the one that leaves the fewest.
  const isOrder = labels !== null && labels.after.rate > (settings[0]?.after.rate ?? 0);
  const advice = isOrder ? { labels } : settings.length ? { settings } : null;
  return {
    cleanAccuracy,
    nearChance: nearChance({
      cleanAccuracy,
      confusion: { clean: sparseConfusion(confusionMatrix(source.labels, predicted, model.classes)), triggered: null },
    }),
    advice: advice && { sentence: adviceSentence(advice), ...advice },
  };
}

/** Two sources as one, the first one's inputs first. */
function joined(a: InputSource, b: InputSource): InputSource {
  return {
    count: a.count + b.count,
    labels: Int32Array.from([...a.labels, ...b.labels]),
    pixels: (positions) => {
      const at = Array.from(positions);
      const [ofA, ofB] = [at.filter((p) => p < a.count), at.filter((p) => p >= a.count).map((p) => p - a.count)];
      const [first, second] = [a.pixels(ofA), b.pixels(ofB)];
      const size = (first.length + second.length) / at.length;
      const pixels = new Float32Array(at.length * size);
      let [i, j] = [0, 0];
      at.forEach((p, to) =>
        pixels.set(
          p < a.count ? first.subarray(i * size, ++i * size) : second.subarray(j * size, ++j * size),
          to * size,
        ),
      );
      return pixels;
    },
  };
}
