import type { ResolvedTrigger } from '../../protocol/config';
import { badInput } from '../../protocol/errors';
import { openIdx, type IdxSplit } from '../data/formats/idx/open-idx';
import { at, type Resolve } from '../config/at-place';
import type { Shape } from './stamp';

/** What a person's own triggered images have to agree with. */
interface Surroundings {
  readonly shape: Shape;
  readonly classes: number;
  readonly scale: number;
  readonly resolve: Resolve;
}

/**
 * Reads a person's own triggered images, stored as the data are, with their true labels.
 *
 * @throws FinePruneError as `openIdx` does; `data.shapeMismatch`, `data.labelOutOfRange`, `path.outside`
 */
export async function readSamples(
  config: Extract<ResolvedTrigger, { kind: 'samples' }>,
  { shape, classes, scale, resolve }: Surroundings,
): Promise<{ split: IdxSplit; files: { path: string; sha256: string }[] }> {
  const images = await at('/trigger/images', () => resolve(config.images, 'triggered images'));
  const labels = await at('/trigger/labels', () => resolve(config.labels, 'triggered labels'));
  const split = await openIdx(images, labels, scale, 'triggered');
  if (split.shape.join() !== shape.join()) {
    throw badInput(
      'data.shapeMismatch',
      `The triggered images are ${split.shape.join('×')} but the data are ${shape.join('×')} (height×width×channels).`,
      {
        place: '/trigger/images',
        todo: 'Store them in the same form as the test images.',
      },
    );
  }
  const wrong = split.labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw badInput(
      'data.labelOutOfRange',
      `Label ${split.labels[wrong]} of triggered image ${wrong} is out of range: the model has ${classes} classes, 0 to ${classes - 1}.`,
      {
        place: '/trigger/labels',
        todo: 'Give the true labels, numbered as in the test set.',
      },
    );
  }
  const files = [
    { path: config.images, sha256: split.hashes.images },
    { path: config.labels, sha256: split.hashes.labels },
  ];
  return { split, files };
}
