import type { TriggeredRate } from '../../../protocol/report/report';
import type { PassOptions } from '../../pass/inputs';
import { encodeEstimate } from '../../triggers/estimate';
import { invertTriggers } from './invert';
import { SCAN } from './settings';
import type { ScanImages } from '../scan-images';
import { pairedSuccess } from '../success';

/** Steps of a search within a bound; the price of the mask needs some of them to find the bound. */
const STEPS = 250;

/**
 * How far a trigger of a given size gets in a model: for each class, a trigger is searched afresh for the most success with a mask of at
 * most that norm, and its success is measured on other images. On a model without a backdoor a small mask gets nowhere; the
 * smallest mask whatever its size, as Neural Cleanse searches it, always gets to 98 %, and would say nothing.
 * @throws FinePruneError of kind `cancelled` within one step
 */
export async function boundedSuccess(
  bounds: readonly { target: number; norm: number }[],
  images: ScanImages,
  seed: number,
  pass: PassOptions,
  onProgress?: (share: number) => void,
): Promise<{ target: number; norm: number; success: TriggeredRate }[]> {
  const found = await invertTriggers(
    {
      targets: bounds.map(({ target }) => target),
      source: images.search,
      batchSize: SCAN.finalBatchSize,
      steps: STEPS,
      patience: Infinity,
      bounds: bounds.map(({ norm }) => norm),
      seed,
      purpose: 'bounded',
      onStep: (done, of) => onProgress?.(done / of),
    },
    pass,
  );
  const results = [];
  for (const [i, { target, norm }] of bounds.entries())
    results.push({
      target,
      norm,
      success: await pairedSuccess(target, encodeEstimate(found[i]!), images.measured, pass),
    });
  return results;
}
