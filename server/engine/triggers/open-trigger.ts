import type { KnownTrigger, ResolvedConfig } from '../../protocol/config/config';
import { badInput } from '../../protocol/errors';
import type { Split } from '../data/dataset';
import { at, type Resolve } from '../config/at-place';
import { blendedStamp } from './blended';
import { patchStamp } from './patch';
import { readSamples } from './samples';
import { sinusoidalStamp } from './sinusoidal';
import type { Shape, Stamp } from './stamp';
import { warpedStamp } from './warped';
import type { Trigger } from './trigger';

/** A trigger with what it was made from. */
export interface OpenTrigger extends Trigger {
  /** The person's own triggered images and their true labels, for the kind `samples`; else null. */
  readonly samples: Split | null;
  /** SHA-256 of each file's bytes, by the path as written in the config. */
  readonly files: readonly { path: string; sha256: string }[];
}

/**
 * Makes a trigger ready to be stamped on images of a shape. The kind `samples` is read instead, and can't be stamped.
 *
 * @param shape [height, width, channels] of the images
 * @param classes number of classes of the model
 * @param data samples are stored as the data are
 * @throws FinePruneError `trigger.target`, `trigger.doesNotFit`, `trigger.value`, `trigger.image…`, `path.outside`; for samples
 *   as `openSource` does, and `data.shapeMismatch`, `data.labelOutOfRange`
 */
export async function openTrigger(
  config: KnownTrigger,
  shape: Shape,
  classes: number,
  resolve: Resolve,
  { format, scale }: Pick<ResolvedConfig['data'], 'format' | 'scale'>,
): Promise<OpenTrigger> {
  checkTarget(config.target, classes);
  const { target } = config;
  if (config.kind === 'samples') {
    const samples = await readSamples(config, { shape, classes, resolve, format, scale });
    return { config, target, samples, files: samples.files, stamp: refuseStamp };
  }
  const { stamp, noisy, sha256 } = await stampOf(config, shape, resolve);
  const files = 'image' in config && config.image !== null && sha256 !== null ? [{ path: config.image, sha256 }] : [];
  return { config, target, stamp, ...(noisy && { noisy }), samples: null, files };
}

/** @throws FinePruneError `trigger.samples`, always */
export function refuseStamp(): never {
  throw badInput(
    'trigger.samples',
    'Your own triggered images can measure an attack, but they cannot be stamped on other images.',
    {
      place: '/trigger/kind',
      todo: 'Use a patch, blended, sinusoidal or warped trigger here.',
    },
  );
}

/** @throws FinePruneError `trigger.target` when the model has no such class */
export function checkTarget(target: number, classes: number): void {
  if (target < classes) return;
  throw badInput(
    'trigger.target',
    `The trigger's target is class ${target}, but the model has ${classes} classes, 0 to ${classes - 1}.`,
    {
      place: '/trigger/target',
      todo: `Give a class from 0 to ${classes - 1}.`,
    },
  );
}

async function stampOf(
  config: Exclude<KnownTrigger, { kind: 'samples' }>,
  shape: Shape,
  resolve: Resolve,
): Promise<Stamp> {
  switch (config.kind) {
    case 'patch':
      return patchStamp(config, await imagePath(config.image, resolve), shape);
    case 'blended':
      return blendedStamp(config, await imagePath(config.image, resolve), shape);
    case 'sinusoidal':
      return sinusoidalStamp(config, shape);
    case 'warped':
      return warpedStamp(config, shape);
  }
}

async function imagePath(image: string | null, resolve: Resolve): Promise<string | null> {
  return image === null ? null : at('/trigger/image', () => resolve(image, "trigger's image"));
}
