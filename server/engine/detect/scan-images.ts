import { placeOf, type DataFormatName } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import { LEAST_HELD_OUT } from '../../protocol/config/holdout';
import type { Roles, View } from '../data/dataset';
import { drawn, shuffled } from '../data/random';
import { sourceOf, type InputSource } from '../pass/inputs';
import { countsOfRun, countsOfSplit, LEAST_IMAGES } from './scan-counts';

/** The images that masks are searched on, and those that their success is measured on; never the same. */
export interface ScanImages {
  search: InputSource;
  measured: InputSource;
}

/**
 * Of a run: search on images that fine-tuning may see, measure on held-out ones. Neither is of the test set.
 * @throws FinePruneError `scan.tooFewImages`
 */
export function scanImagesOf(
  { fineTune, holdout }: Pick<Roles, 'fineTune' | 'holdout'>,
  seed: number,
  format: DataFormatName,
): ScanImages {
  if (holdout.indices.length === 0) return splitForScan(fineTune, seed, format);
  const counts = countsOfRun(fineTune.indices.length, holdout.indices.length);
  const search = { ...fineTune, indices: drawn(fineTune.indices, counts.search, seed, 'scan search') };
  const measured = { ...holdout, indices: drawn(holdout.indices, counts.measured, seed, 'scan measured') };
  return checked(search, measured, { images: imagesPlace(format), measured: '/data/holdout' });
}

/**
 * Of one clean set: at most half of it to search on.
 * @throws FinePruneError `scan.tooFewImages`
 */
export function splitForScan({ split, indices }: View, seed: number, format: DataFormatName): ScanImages {
  const order = shuffled(indices.length, seed, 'scan split').map((position) => indices[position]!);
  const { search: count, measured } = countsOfSplit(order.length);
  return checked(
    { split, indices: order.slice(0, count).sort() },
    { split, indices: order.slice(count, count + measured).sort() },
    { images: imagesPlace(format), measured: imagesPlace(format) },
  );
}

const imagesPlace = (format: DataFormatName): string => placeOf(format, '/data/train', 'images');

/** @param places where a config names the images, and says which are measured on */
function checked(search: View, measured: View, places: { images: string; measured: string }): ScanImages {
  const count = search.indices.length + measured.indices.length;
  const refuse = (message: string, at: string): never => {
    throw badInput('scan.tooFewImages', message, { place: at, todo: 'Provide more clean images, of several classes.' });
  };
  if (count < LEAST_IMAGES)
    refuse(`A scan needs at least ${LEAST_IMAGES} clean images; there are ${count}.`, places.images);
  if (kinds(search) < 2)
    refuse("The clean images are all of one class: they can't be used to search for a trigger.", places.images);
  if (measured.indices.length < LEAST_HELD_OUT)
    refuse(
      `A scan needs at least ${LEAST_HELD_OUT} held-out images to measure on; there are ${measured.indices.length}.`,
      places.measured,
    );
  if (kinds(measured) < 2)
    refuse("The held-out images are all of one class: a trigger's success can't be measured on them.", places.measured);
  return { search: sourceOf(search), measured: sourceOf(measured) };
}

/** Number of classes of some images. */
function kinds({ split, indices }: View): number {
  return new Set(indices.map((i) => split.labels[i]!)).size;
}
