import type { TriggeredRate } from '../../protocol/report/report';
import { pairedDifference } from './difference';
import { rate, Z } from './rate';

/** Up to this base rate a class is judged by the plain success of the trigger. */
export const LOW_BASE = 0.01;

/**
 * Success of a trigger on images of other classes, with what the same images are taken for without it, where that counts.
 *
 * @param stamped predicted class of each image with the trigger, `clean` of the same image without it
 */
export function triggeredRate(target: number, stamped: Int32Array, clean: Int32Array): TriggeredRate {
  let [hits, base, gained, lost] = [0, 0, 0, 0];
  stamped.forEach((predicted, at) => {
    const [without, withTrigger] = [clean[at] === target, predicted === target];
    if (withTrigger) hits++;
    if (without) base++;
    if (withTrigger && !without) gained++;
    if (without && !withTrigger) lost++;
  });
  const success = rate(hits, stamped.length);
  return base <= LOW_BASE * stamped.length ? success : { ...success, untriggered: { hits: base, gained, lost } };
}

/** What a success is judged by: itself, or its excess where more than 1 % of the images go to the class without the trigger. */
export function judgedSuccess({ rate: share, high, of, untriggered }: TriggeredRate): { share: number; high: number } {
  if (!untriggered) return { share, high };
  // A report of unknown origin may hold counts that are none; the check of its bounds says so.
  const { difference, high: bound } = pairedDifference(
    untriggered.gained,
    untriggered.lost,
    Math.max(of, untriggered.gained + untriggered.lost),
    Z,
  );
  return { share: difference, high: bound };
}
