import { stageOf } from '../../../protocol/report/confusion';
import type { Finding } from '../../../protocol/report/report';
import { nearChance } from '../../metrics/near-chance';
import { dataFindings } from './data';
import type { Facts } from './facts';
import { pruningFindings } from './pruning';
import { triggerFindings } from './trigger';
import { unreadSentence } from '../unread-words';
import { percent } from '../../../protocol/words';

const SEVERITY_ORDER = { error: 0, warning: 1, information: 2 } as const;

/** Below this share of clean accuracy a person is asked whether data and model really belong together. */
const LOW_ACCURACY = 0.6;

/**
 * Everything that weakens what a report says (design rule: the truth first), most serious first. Each sentence carries its
 * figures. docs/findings.md explains each id.
 */
export function findings(facts: Facts): Finding[] {
  const found: Finding[] = [
    ...modelFindings(facts),
    ...pruningFindings(facts),
    ...triggerFindings(facts),
    ...dataFindings(facts),
  ];
  return found.sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity]);
}

function modelFindings({ stages, confusion, repaired, fineTuning, model }: Facts): Finding[] {
  const found: Finding[] = [];
  if (nearChance(stageOf({ stages, confusion }, 'before'))) {
    found.push({
      id: 'accuracy-near-chance',
      severity: 'error',
      message: `Clean accuracy of the input model is ${percent(stages.before.cleanAccuracy.rate)}, near chance. Check that data, labels and normalisation (scale, mean, std) match the model. Nothing was pruned or trained.`,
    });
  }
  if (repaired && stages.before.cleanAccuracy.rate < LOW_ACCURACY) {
    found.push({
      id: 'accuracy-low',
      severity: 'warning',
      message: `Clean accuracy of the input model is only ${percent(stages.before.cleanAccuracy.rate)}. If you expect more, check the normalisation (scale, mean, std): if it is not the one the model was trained with, no figure here means much.`,
    });
  }
  if (fineTuning.frozen.length) {
    found.push({
      id: 'frozen-layers',
      severity: 'warning',
      message: `Not trained, because the engine has no gradient for them: ${fineTuning.frozen.join(', ')}.`,
    });
  }
  if (model.unread)
    found.push({ id: 'unread-tensors', severity: 'information', message: unreadSentence(model.unread) });
  return found;
}
