import { placeOf, SPLIT_NAMES, type DataFormatName, type SplitName } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import type { DataSet, Split } from './dataset';

/** @throws FinePruneError `data.shapeMismatch` when training and test images differ in shape */
export function checkSameShape(train: Split, test: Split, format: DataFormatName): void {
  if (train.shape.join() === test.shape.join()) return;
  throw badInput(
    'data.shapeMismatch',
    `Training images are ${words(train.shape)} but test images ${words(test.shape)} (height×width×channels).`,
    {
      place: placeOf(format, '/data/test', 'images'),
      todo: 'Name two splits of the same data set.',
    },
  );
}

/**
 * Checks that a model can be fed with a data set and that every label is one of its classes.
 *
 * @param model `inputShape` as [height, width, channels]; −1 or null for a size that the model leaves open
 * @throws FinePruneError `data.shape`, `data.labelOutOfRange`, with a place in the config
 */
export function checkDataFitsModel(
  dataset: Pick<DataSet, 'format' | 'shape' | 'train' | 'test'>,
  model: { inputShape: ArrayLike<number | null>; classes: number },
): void {
  const wanted = Array.from(model.inputShape);
  const fits =
    wanted.length === 3 && wanted.every((size, axis) => size === null || size < 0 || size === dataset.shape[axis]);
  if (!fits) {
    throw badInput(
      'data.shape',
      `The images are ${words(dataset.shape)} but the model takes ${words(wanted)} (height×width×channels).`,
      {
        place: placeOf(dataset.format, '/data/train', 'images'),
        todo: 'Name the data that the model was trained on.',
      },
    );
  }
  for (const split of SPLIT_NAMES) checkLabels(dataset, split, model.classes);
}

function checkLabels(dataset: Pick<DataSet, 'format' | SplitName>, key: SplitName, classes: number): void {
  const split = dataset[key];
  const wrong = split.labels.findIndex((label) => label >= classes);
  if (wrong < 0) return;
  throw badInput(
    'data.labelOutOfRange',
    `Label ${split.labels[wrong]} of ${key === 'train' ? 'training' : 'test'} image ${wrong} is out of range: the model has ${classes} classes, 0 to ${classes - 1}.`,
    {
      place: placeOf(dataset.format, `/data/${key}`, 'labels'),
      todo: 'Name the labels that the model was trained on.',
    },
  );
}

const words = (shape: ArrayLike<number | null>): string =>
  Array.from(shape, (size) => (size === null || size < 0 ? '?' : size)).join('×') || 'no image';
