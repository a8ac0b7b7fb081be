import type { ResolvedConfig, SplitFiles } from '../../../protocol/config';
import { badInput } from '../../../protocol/errors';
import { at, type Resolve } from '../../config/at-place';
import { checkSameShape } from '../checks';
import type { DataSet } from '../dataset';
import { openIdx, type IdxSplit } from './idx/open-idx';
import { plural } from '../../../protocol/words';

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

function largest(labels: Int32Array): number {
  let most = -1;
  for (const label of labels) if (label > most) most = label;
  return most;
}
