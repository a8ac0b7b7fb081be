import type { ResolvedConfig } from '../../protocol/config/config';
import { badInput } from '../../protocol/errors';
import { heldOutImages, namedHoldout } from '../../protocol/config/holdout';
import type { DataSet, Roles, Split, View } from './dataset';
import { drawn, shuffled } from './random';

export { shuffled } from './random';

/** All images of a split of `count`, ascending. */
export function allIndices(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/**
 * Gives every image its role. Each draw has its own stream of the config's seed; the indices of a view ascend.
 *
 * - `holdout`: `data.holdout` training images, at most half of the training set; where that is left out, a fifth, at most 5,000.
 * - `fineTune`: the other training images, or `data.fineTuneImages` of them.
 * - `test`: the test images, or `data.testImages` of them.
 * - `analysis`: the test or the holdout role, or `data.analysisImages` of it.
 *
 * @throws FinePruneError `config.conflict` when held-out images are to be analysed and there are none
 */
export function splitRoles(config: ResolvedConfig, dataset: DataSet): Roles {
  const { data, seed } = config;
  const { train, test } = dataset;
  const { holdout, fineTune, fineTuneAvailable } = trainingRoles(train, data, seed);
  const tested = { split: test, indices: drawn(allIndices(test.count), data.testImages ?? test.count, seed, 'test') };
  if (data.analysis === 'holdout' && holdout.indices.length === 0) {
    throw badInput('config.conflict', 'The analysis should use held-out images, but none are held out.', {
      place: '/data/holdout',
      todo: 'Set data.holdout to 1 or more (a training set of one image has none to spare), or data.analysis to "test".',
    });
  }
  const base = data.analysis === 'test' ? tested : holdout;
  return {
    analysis: {
      split: base.split,
      indices: drawn(base.indices, data.analysisImages ?? base.indices.length, seed, 'analysis'),
    },
    analysisRole: data.analysis,
    holdout,
    fineTune,
    fineTuneAvailable,
    test: tested,
  };
}

/** The roles of training images alone, as `splitRoles` gives them. */
export function trainingRoles(
  train: Split,
  data: Pick<ResolvedConfig['data'], 'holdout' | 'holdoutNamed' | 'fineTuneImages'>,
  seed: number,
): Pick<Roles, 'holdout' | 'fineTune' | 'fineTuneAvailable'> {
  const heldOut = heldOutImages(train.count, namedHoldout(data));
  const order = shuffled(train.count, seed, 'holdout');
  const rest = order.slice(heldOut).sort();
  return {
    holdout: { split: train, indices: order.slice(0, heldOut).sort() },
    fineTune: { split: train, indices: drawn(rest, data.fineTuneImages ?? rest.length, seed, 'fineTune') },
    fineTuneAvailable: rest.length,
  };
}

/** Whether two views are of the same images. */
export function sameView(a: View, b: View): boolean {
  return a.split === b.split && a.indices.length === b.indices.length && a.indices.every((v, i) => v === b.indices[i]);
}
