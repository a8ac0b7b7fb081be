import type { ResolvedConfig, SplitFiles } from '../../protocol/config';
import { badInput, FinePruneError } from '../../protocol/errors';
import type { DataSet, Split } from './dataset';
import { openIdx, type IdxSplit } from './formats/idx/open-idx';
import { plural } from '../../protocol/words';

/** Takes a path as the config says it to an absolute one inside the allowed folders. */
export type Resolve = (relative: string, what?: string) => Promise<string>;

type OpenSplit = (images: string, labels: string, scale: number, name: string) => Promise<IdxSplit>;

/** Every data format, by the config's word for it: a new one plugs in here. */
const FORMATS: Record<ResolvedConfig['data']['format'], OpenSplit> = { idx: openIdx };

/**
 * Opens the training and the test split that a config names.
 *
 * @throws FinePruneError `data.…` for a file at fault (missing ones with the place in the config), `path.outside`,
 *   `data.shapeMismatch` when training and test images differ in shape, `data.normalisation`
 */
export async function openData(config: ResolvedConfig, resolve: Resolve): Promise<DataSet> {
  const { data } = config;
  const openSplit = async (files: SplitFiles, key: 'train' | 'test', name: string): Promise<IdxSplit> => {
    const images = await at(`/data/${key}/images`, () => resolve(files.images, `${name} images`));
    const labels = await at(`/data/${key}/labels`, () => resolve(files.labels, `${name} labels`));
    return FORMATS[data.format](images, labels, data.scale, name);
  };
  const train = await openSplit(data.train, 'train', 'training');
  const test = await openSplit(data.test, 'test', 'test');
  checkSameShape(train, test);
  for (const key of ['mean', 'std'] as const) {
    const { length } = data[key];
    if (length === 1 || length === train.shape[2]) continue;
    throw badInput(
      'data.normalisation',
      `data.${key} has ${length} values, but the images have ${plural(train.shape[2], 'channel')}.`,
      {
        place: `/data/${key}`,
        todo: `Give one number, or ${train.shape[2]}.`,
      },
    );
  }
  return {
    format: data.format,
    train,
    test,
    classes: 1 + Math.max(largest(train.labels), largest(test.labels)),
    shape: train.shape,
    files: [
      { path: data.train.images, sha256: train.hashes.images },
      { path: data.train.labels, sha256: train.hashes.labels },
      { path: data.test.images, sha256: test.hashes.images },
      { path: data.test.labels, sha256: test.hashes.labels },
    ],
  };
}

/** @throws FinePruneError `data.shapeMismatch` when training and test images differ in shape */
export function checkSameShape(train: Split, test: Split): void {
  if (train.shape.join() === test.shape.join()) return;
  throw badInput(
    'data.shapeMismatch',
    `Training images are ${words(train.shape)} but test images ${words(test.shape)} (height×width×channels).`,
    {
      place: '/data/test/images',
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
  dataset: Pick<DataSet, 'shape' | 'train' | 'test'>,
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
        place: '/data/train/images',
        todo: 'Name the data that the model was trained on.',
      },
    );
  }
  checkLabels(dataset.train, 'train', model.classes);
  checkLabels(dataset.test, 'test', model.classes);
}

function checkLabels(split: Split, key: 'train' | 'test', classes: number): void {
  const wrong = split.labels.findIndex((label) => label >= classes);
  if (wrong < 0) return;
  throw badInput(
    'data.labelOutOfRange',
    `Label ${split.labels[wrong]} of ${key === 'train' ? 'training' : 'test'} image ${wrong} is out of range: the model has ${classes} classes, 0 to ${classes - 1}.`,
    {
      place: `/data/${key}/labels`,
      todo: 'Name the labels that the model was trained on.',
    },
  );
}

/**
 * Adds the place in the config to a failure that has to be mended there: one without a place of its own.
 */
export async function at<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FinePruneError) || error.place !== undefined) throw error;
    const { kind, code, message, todo } = error;
    throw new FinePruneError({ kind, code, message, place, ...(todo !== undefined && { todo }) }, { cause: error });
  }
}

const words = (shape: ArrayLike<number | null>): string =>
  Array.from(shape, (size) => (size === null || size < 0 ? '?' : size)).join('×') || 'no image';

function largest(labels: Int32Array): number {
  let most = -1;
  for (const label of labels) if (label > most) most = label;
  return most;
}
