import type { IssueId } from '../../../protocol/report/review';

/** What an issue means and what to do about it: the texts of docs/findings.md, for tools that show no files. */
export interface Rule {
  severity: 'error' | 'warning' | 'information';
  says: string;
  /** Empty where nothing has to be done. */
  todo: string;
}

const gate = (says: string, todo: string): Rule => ({ severity: 'error', says, todo });
const error = gate;
const warning = (says: string, todo: string): Rule => ({ severity: 'warning', says, todo });
const information = (says: string, todo: string): Rule => ({ severity: 'information', says, todo });
const SUBSET = information(
  'The figures or the analysis use only part of the images, or samples of the target class were left out.',
  '',
);

export const RULES: Record<IssueId, Rule> = {
  'gate.maxAttackSuccessRate': gate(
    'After the defense, the trigger still has an effect above the limit on its target class or on another class, or the effect could not be measured on a trigger that counts.',
    'Try another layer, ratio or repair, or accept it with a reason.',
  ),
  'gate.maxAccuracyDrop': gate(
    'Clean accuracy fell by more than the limit.',
    'Try a smaller ratio or more fine-tuning, or accept it with a reason.',
  ),
  'accuracy-near-chance': error(
    'The input model is hardly better than guessing on this data, so nothing was pruned or trained.',
    'Check scale, mean, std and the order of the labels.',
  ),
  'accuracy-low': warning(
    "The input model's clean accuracy is below 60 %, which is rare for a finished model.",
    'Check scale, mean and std before you trust the figures.',
  ),
  'pruned-all-dead': warning(
    'Every pruned unit was constant over the clean set. Pruning changed nothing.',
    'Do not attribute the result to pruning.',
  ),
  'pruned-mostly-dead': warning(
    'At least half of the pruned units were dead anyway.',
    'Do not attribute all of the result to pruning.',
  ),
  'pruning-changed-nothing': warning(
    'Not all pruned units were dead, but pruning them changed no prediction.',
    'Try a larger ratio, other units or another layer.',
  ),
  'fine-tuning-did-the-work': warning(
    'The ASR fell in fine-tuning; pruning accounts for less than a tenth of it.',
    'Expect the same from fine-tuning alone.',
  ),
  'fine-tuning-restored-backdoor': warning(
    'The ASR rose by more than 5 points in fine-tuning, above what it was before or after pruning.',
    'Do not use the defended model; try another layer, ratio or repair.',
  ),
  'negative-activations': warning(
    'The activation function goes below zero, so a low mean does not mean that a unit is dormant. Not reported where the config names the units.',
    'Set `"rule": "clean-mean-abs"`.',
  ),
  'nothing-pruned': warning('The ratio rounds down to zero units.', 'Use a larger ratio.'),
  'robust-accuracy-low': warning(
    'The ASR fell, but triggered inputs are still misclassified.',
    'Look at the triggered confusion matrix.',
  ),
  'trigger-unknown': warning(
    'Without a trigger, neither ASR nor robust accuracy can be measured.',
    'Give the trigger or your own triggered samples, or let it be estimated with `"trigger": "inverted"`.',
  ),
  'test-set-too-small': warning('The confidence interval is too wide to support the claim.', 'Use more test images.'),
  'unread-tensors': information(
    "The model's file holds tensors that no layer reads, other than an optimizer's state and counters of steps.",
    'Export the model without them, or find out what they are.',
  ),
  'frozen-layers': warning(
    'The engine has no gradient for these layers; they keep their weights.',
    'Keep in mind that part of the model was not trained.',
  ),
  'fine-tune-subset': information('Not all available images were used for fine-tuning.', 'Leave out `fineTuneImages`.'),
  'test-subset': SUBSET,
  'analysis-subset': SUBSET,
  'analysis-on-test-set': information(
    'The analysis used the same images that the figures are measured on (the reference set-up).',
    'Set `"analysis": "holdout"`.',
  ),
  'no-holdout': information(
    'There are no held-out images, so no ratio is recommended.',
    'Leave out `holdout`, or hold out some images.',
  ),
  'trigger-estimated': warning(
    "The figures are for a trigger that was estimated from the model, not for the attacker's own, and it may be weaker.",
    'Give the trigger if it is known; look at the fresh scan of the repaired model.',
  ),
  'no-trigger-found': warning(
    'The scan found no suspicious class, or could not search for one, so there was no trigger to measure with. This does not mean that the model is clean.',
    "Give the trigger if you know it. Set `trigger.target` to repair a class that you suspect; the strategy `head-reset` is a precaution that needs neither. Whether it helped can't be measured then.",
  ),
  'target-not-suspicious': warning(
    'The config names a class to estimate the trigger for, but the scan does not find it suspicious. Any class has a trigger of that size.',
    'Give the trigger if you know it; judge by clean accuracy alone.',
  ),
  'scan-flags-repaired': error(
    'A fresh scan still finds a suspicious class in the repaired model.',
    'Do not use the defended model; try another strategy.',
  ),
  'scan-suspicious': warning(
    'The scan finds a suspicious class in the input model that the known trigger does not explain.',
    'Look at its estimated trigger; there may be a second backdoor.',
  ),
  'no-repair-met-gates': error(
    'No strategy met both gates on held-out images. The one that leaves the least of the backdoor is kept if it loses at most three times `maxAccuracyDrop`; otherwise nothing is written.',
    'Use more clean data, or train the model again on data you trust.',
  ),
  'trigger-reaches-other-class': error(
    'With the trigger, images go to a class other than the target that the config names.',
    'Set `trigger.target` to that class and run again.',
  ),
  'classes-not-judged': information(
    'Each of these classes has fewer than 50 triggered images, so a trigger that takes one of them over would not be noticed.',
    'Use more test images of these classes.',
  ),
  'curve-subset': information(
    'The curve is based on a seeded subset.',
    'Set `"curve": "full"` or pass `--full-curve`.',
  ),
};
