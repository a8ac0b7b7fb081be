import { badInput } from '../../protocol/errors';
import type { View } from '../data/dataset';
import { allIndices } from '../data/roles';
import type { OpenTrigger } from './open-trigger';
import type { TriggeredInputs } from './trigger';

/** Triggered inputs, with what the report says of them. */
export interface MeasuredInputs extends TriggeredInputs {
  /** How many images were left out since their true class is the target. */
  readonly excluded: number;
}

/**
 * The inputs on which ASR and robust accuracy are measured: every image of `test` whose true class is not the target, stamped when it is
 * asked for (no second copy of the set); or the person's own triggered images, less those of the target class.
 *
 * @throws FinePruneError `trigger.noInputs` when every image is of the target class
 */
export function triggeredInputs(trigger: OpenTrigger, test: View): MeasuredInputs {
  const { target, samples } = trigger;
  const split = samples ?? test.split;
  const candidates = samples ? allIndices(samples.count) : test.indices;
  const indices = candidates.filter((index) => split.labels[index] !== target);
  if (indices.length === 0) {
    throw badInput('trigger.noInputs', `Every image is of the trigger's target class ${target}; no attack can be measured on them.`, {
      place: '/trigger/target', todo: 'Use images of other classes too, or correct the target.',
    });
  }
  return {
    kind: trigger.config.kind,
    target,
    count: indices.length,
    labels: indices.map((index) => split.labels[index]!),
    testIndex: samples ? new Int32Array(indices.length).fill(-1) : indices,
    excluded: candidates.length - indices.length,
    pixels(positions) {
      const pixels = split.pixels(Int32Array.from(positions, (position) => indices[position] ?? -1));
      if (!samples) trigger.stamp(pixels);
      return pixels;
    },
  };
}
