import { badInput } from '../../protocol/errors';
import type { View } from '../data/dataset';
import { allIndices } from '../data/roles';
import { classCounts } from '../metrics/base-rate';
import type { OpenTrigger } from './open-trigger';
import type { TriggeredInputs } from './trigger';

/** Triggered inputs, with what the report says of them. */
export interface MeasuredInputs extends TriggeredInputs {
  /** How many images were left out since their true class is the target. */
  readonly excluded: number;
  /** Place of each input among the images of the view, where the same image is without the trigger; −1 for samples. */
  readonly positions: Int32Array;
  /** The images of the target class that were left out, stamped: ASR does not count them, but what the trigger does to them says more. */
  readonly ofTarget: Stamped;
}

/** Some images with the trigger, in NHWC order, pixels in [0, 1]. */
export interface Stamped {
  readonly count: number;
  readonly labels: Int32Array;
  /** As `MeasuredInputs.positions`. */
  readonly positions: Int32Array;
  pixels(positions: ArrayLike<number>): Float32Array;
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
  const [inputs, ofTarget] = [false, true].map((wanted) =>
    stamped((index) => (split.labels[index] === target) === wanted),
  ) as [Chosen, Chosen];
  const { indices } = inputs;
  if (indices.length === 0) {
    throw badInput(
      'trigger.noInputs',
      `Every image is of the trigger's target class ${target}; no attack can be measured on them.`,
      {
        place: '/trigger/target',
        todo: 'Use images of other classes too, or correct the target.',
      },
    );
  }
  return {
    kind: trigger.config.kind,
    target,
    count: inputs.count,
    labels: inputs.labels,
    positions: inputs.positions,
    pixels: inputs.pixels,
    testIndex: samples ? new Int32Array(indices.length).fill(-1) : indices,
    excluded: ofTarget.count,
    ofTarget,
  };

  function stamped(wanted: (index: number) => boolean): Chosen {
    const places = Int32Array.from(candidates.keys()).filter((place) => wanted(candidates[place]!));
    const indices = places.map((place) => candidates[place]!);
    return {
      indices,
      count: indices.length,
      labels: indices.map((index) => split.labels[index]!),
      positions: samples ? new Int32Array(indices.length).fill(-1) : places,
      pixels(positions) {
        const pixels = split.pixels(Int32Array.from(positions, (position) => indices[position] ?? -1));
        if (!samples) trigger.stamp(pixels);
        return pixels;
      },
    };
  }
}

/** Number of a person's own triggered images of each class, those of the ASR; null where the inputs are clean images with the trigger. */
export function samplesOf({ kind, labels }: MeasuredInputs, classes: number): Int32Array | null {
  return kind === 'samples' ? classCounts(labels, classes) : null;
}

type Chosen = Stamped & { readonly indices: Int32Array };
