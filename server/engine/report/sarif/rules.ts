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
  'Figures, or the analysis, rest on part of the images; or samples of the target class were left out.',
  '',
);

export const RULES: Record<IssueId, Rule> = {
  'gate.maxAttackSuccessRate': gate(
    'After the defense the trigger still has an effect above the limit, on the class that it aims at or on another one; or it could not be measured on a trigger that counts.',
    'Another layer, ratio or repair; or accept it, with a reason.',
  ),
  'gate.maxAccuracyDrop': gate(
    'Clean accuracy fell by more than the limit.',
    'A smaller ratio, or more fine-tuning; or accept it, with a reason.',
  ),
  'accuracy-near-chance': error(
    'The input model is hardly better than guessing on this data, so nothing was pruned or trained.',
    'Check scale, mean, std and the order of the labels.',
  ),
  'accuracy-low': warning(
    "The input model's clean accuracy is below 60 %: rarely what a finished model has.",
    'Check scale, mean and std; then trust the figures.',
  ),
  'pruned-all-dead': warning(
    'Every pruned unit was constant over the clean set. Pruning changed nothing.',
    'Do not read the result as the work of pruning.',
  ),
  'pruned-mostly-dead': warning('At least half of the pruned units were dead anyway.', 'The same, in part.'),
  'pruning-changed-nothing': warning(
    'Units were alive, but not one prediction changed when they went.',
    'A larger ratio, other units, or another layer.',
  ),
  'fine-tuning-did-the-work': warning(
    'The ASR fell in fine-tuning; pruning accounts for less than a tenth of it.',
    'Expect the same from fine-tuning alone.',
  ),
  'fine-tuning-restored-backdoor': warning(
    'The ASR rose by more than 5 points in fine-tuning, above what it was before or after pruning.',
    'Do not use the defended model; another layer, ratio or repair.',
  ),
  'negative-activations': warning(
    'The activation function goes below zero, so a low mean is no sign of a dormant unit. Not said where the config names the units.',
    '`"rule": "clean-mean-abs"`.',
  ),
  'nothing-pruned': warning('The ratio comes to no unit at all.', 'A larger ratio.'),
  'robust-accuracy-low': warning(
    'The ASR fell, but triggered inputs are still misclassified.',
    'Look at the triggered confusion matrix.',
  ),
  'trigger-unknown': warning(
    'Without a trigger neither ASR nor robust accuracy can be measured.',
    'Give the trigger, or your own triggered samples; or have it estimated: `"trigger": "inverted"`.',
  ),
  'test-set-too-small': warning('The interval is wider than the claim.', 'More test images.'),
  'frozen-layers': warning(
    'The engine has no gradient for these layers; they keep their weights.',
    'Know that part of the model was not trained.',
  ),
  'fine-tune-subset': information(
    'Fewer images than there are were used for fine-tuning.',
    'Leave out `fineTuneImages`.',
  ),
  'test-subset': SUBSET,
  'analysis-subset': SUBSET,
  'analysis-on-test-set': information(
    'The analysis read the images that the figures are measured on (the reference set-up).',
    '`"analysis": "holdout"`.',
  ),
  'no-holdout': information(
    'No held-out images, so no ratio is recommended.',
    'Leave out `holdout`, or hold out some images.',
  ),
  'trigger-estimated': warning(
    "The figures are on a trigger that was estimated from the model, not on the attacker's own. It may be weaker than that one.",
    'Give the trigger where it is known; look at the fresh inversion.',
  ),
  'no-trigger-found': warning(
    'Trigger inversion found no class suspicious, or could not look for one, so there was no trigger to measure with. That does not say that the model is clean.',
    "Give the trigger if you know it. `trigger.target` has a class repaired that you suspect; the strategy `head-reset` is a precaution that needs neither. Whether it helped can't be measured then.",
  ),
  'target-not-suspicious': warning(
    'The config names a class for the trigger to be estimated for, and the scan does not find it suspicious. Any class has a trigger of that size.',
    'Give the trigger if you know it; judge by clean accuracy alone.',
  ),
  'scan-flags-repaired': error(
    'A fresh trigger inversion still finds a suspicious class in the repaired model.',
    'Another strategy; do not use the defended model.',
  ),
  'scan-suspicious': warning(
    'Trigger inversion finds a class suspicious in the input model that the known trigger does not explain.',
    'Look at its estimated trigger; there may be a second backdoor.',
  ),
  'no-repair-met-gates': error(
    'No strategy met both gates on held-out images. The one that leaves least of the backdoor is kept, if it loses at most three times `maxAccuracyDrop`; else nothing is written.',
    'More clean data, or train the model again from data you trust.',
  ),
  'trigger-reaches-other-class': error(
    'With the trigger, images go to another class than the config names as its target.',
    'Set `trigger.target` to that class and run again.',
  ),
  'classes-not-judged': information(
    'Of these classes fewer than 50 images carry the trigger, so that a class that it takes over would not be noticed.',
    'More test images of these classes.',
  ),
  'curve-subset': information('The curve rests on a seeded subset.', '`"curve": "full"`, or `--full-curve`.'),
};
