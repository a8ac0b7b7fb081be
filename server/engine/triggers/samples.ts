import type { ResolvedTrigger } from '../../protocol/config/config';
import { placeOf, sourceFrom, type DataFormatName } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import type { Resolve } from '../config/at-place';
import { openSource, type SourceSplit } from '../data/open-data';
import type { Shape } from './stamp';

/** What a person's own triggered images have to agree with. */
interface Surroundings {
  readonly shape: Shape;
  readonly classes: number;
  /** Of the data: samples are stored as they are. */
  readonly format: DataFormatName;
  readonly scale: number;
  readonly resolve: Resolve;
}

/**
 * Reads a person's own triggered images, stored as the data are, with their true labels.
 *
 * @throws FinePruneError as `openSource` does; `data.shapeMismatch`, `data.labelOutOfRange`, `path.outside`
 */
export async function readSamples(
  config: Extract<ResolvedTrigger, { kind: 'samples' }>,
  { shape, classes, format, scale, resolve }: Surroundings,
): Promise<SourceSplit> {
  const place = '/trigger';
  const split = await openSource(sourceFrom(format, config), { scale, name: 'triggered' }, { resolve, place });
  if (split.shape.join() !== shape.join()) {
    throw badInput(
      'data.shapeMismatch',
      `The triggered images are ${split.shape.join('×')} but the data are ${shape.join('×')} (height×width×channels).`,
      {
        place: placeOf(format, place, 'images'),
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
        place: placeOf(format, place, 'labels'),
        todo: 'Give the true labels, numbered as in the test set.',
      },
    );
  }
  return split;
}
