import { badInput } from '../../../protocol/errors';
import { frozenLayers } from '../../model/frozen';
import type { Detector } from '../detector';
import { judgeMasks } from './judge';
import { searchMasks } from './search';
import { SCAN } from './settings';

/**
 * Trigger inversion (Neural Cleanse; Wang et al., IEEE S&P 2019): the smallest mask and pattern that send images to each class. The target
 * class of a backdoor needs a far smaller one than the others.
 */
export const neuralCleanse: Detector = {
  method: 'neural-cleanse',
  settings: SCAN,
  passes: (classes) => 2 * classes * SCAN.batchSize * SCAN.steps,
  /** @throws FinePruneError `scan.noGradient` for a model through which no gradient gets to the pixels */
  check({ graph }) {
    const [frozen] = frozenLayers(graph);
    if (!frozen) return;
    throw badInput(
      'scan.noGradient',
      `This model can't be searched for a trigger: no gradient passes through "${frozen.layer}" (${frozen.reason}).`,
      {
        place: '/model',
        todo: 'Repair it with the known trigger and the strategy "fine-pruning", which needs no search.',
      },
    );
  },
  async search(subject) {
    const { model, targets } = subject;
    const evidence = await searchMasks(subject);
    return judgeMasks(
      evidence,
      targets && targets.length < model.classes ? { classes: [...targets], of: model.classes } : undefined,
    );
  },
};
