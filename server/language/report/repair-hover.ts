import type { StrategyName } from '../../protocol/config/config';
import type { Attempt, DefenseReport, HeldOutFigures, Proof, Rate, Round } from '../../protocol/report/report';
import type { Path } from '../text/hover-at';
import { TERMS } from '../text/metric-text';
import { scanPart } from '../scan/hover';
import { count, percent, pixels, plural } from '../../protocol/words';

const STRATEGIES: Record<StrategyName, string> = {
  'fine-pruning':
    'The reference recipe: prunes the units with the lowest mean activation on clean images, then fine-tunes on clean images.',
  'fine-pruning-conv':
    'As in the original paper: prunes as many channels of the last convolution as the accuracy limit allows, then fine-tunes on clean images.',
  guided:
    'Prunes the units that the trigger raises most, then fine-tunes on clean images and on images stamped with *estimated* triggers under their true labels, in rounds; if there are few images, part of the loss follows the outputs of the input model on the clean ones.',
  'head-reset':
    'Reinitialises the weights of the dense layers and trains again on clean images; it needs no inversion.',
};

const TRIGGERS: Record<'knownTrigger' | 'estimatedTrigger' | 'freshTrigger', string> = {
  knownTrigger: 'Success of the known trigger',
  estimatedTrigger: 'Success of the trigger *estimated* on the input model',
  freshTrigger: 'Success of a new trigger *estimated* on the repaired model, no larger than the one found before',
};

/** Markdown paragraphs for a place in the scan, the attempts or the proof of a report; undefined when a wider one explains it. */
export function repairPart(report: DefenseReport, [top, ...rest]: Path): string[] | undefined {
  const model = { shape: report.data.shape };
  if (top === 'scan') return report.scan && scanPart({ scan: report.scan, model }, rest);
  if (top === 'attempts') return attemptPart(report.attempts ?? [], rest);
  if (top !== 'proof' || !report.proof) return undefined;
  const { scan, bounded, basis } = report.proof;
  const [part, index] = rest;
  if (part === 'scan') return scanPart({ scan, model }, rest.slice(1));
  if (part === 'bounded' && typeof index === 'number') return boundedPart(bounded[index], report.proof);
  if (part === 'bounded')
    return [
      '**Bounded triggers**: for every class that was suspicious in the input model, a new trigger inverted on the repaired model and limited to the size of the one found before. A repair that only avoids the trigger it was trained on leaves one that works.',
    ];
  return [
    `**The verdict is based on: ${basis}**`,
    'The trigger that a repair was made with does not prove the repair: all classes of the repaired model are searched for triggers again.',
  ];
}

function boundedPart(found: Proof['bounded'][number] | undefined, { measuredOn }: Proof): string[] | undefined {
  if (!found) return undefined;
  const { target, norm, before, after } = found;
  return [
    `**Class ${target}** · newly *estimated* trigger, a mask of at most ${pixels(norm)}`,
    `It sends ${percent(after.rate)} of ${count(after.of)} ${measuredOn === 'test' ? 'test' : 'held-out'} images of other classes to the class (before: ${percent(before.rate)}); at most ${percent(after.high)} with 95 % confidence.`,
    TERMS.estimatedTrigger.definition,
  ];
}

function attemptPart(attempts: readonly Attempt[], [index, part, ...rest]: Path): string[] | undefined {
  const attempt = typeof index === 'number' ? attempts[index] : undefined;
  if (!attempt)
    return [
      `**${plural(attempts.length, 'repair')} tried**, judged on held-out images only.`,
      TERMS.holdout.definition,
    ];
  const title = `**Repair \`${attempt.strategy}\`** · ${attempt.met ? 'gates met on held-out images' : 'gates missed on held-out images'}, ${attempt.chosen ? 'kept' : 'not kept'}`;
  if (part === 'heldOut') return [title, ...heldOutPart(attempt.heldOut, rest[0])];
  if (part === 'rounds')
    return typeof rest[0] === 'number'
      ? roundPart(attempt, rest[0], rest.slice(1))
      : [title, 'Rounds of inversion and fine-tuning; one for strategies without an inversion.'];
  if (part === 'keptRound') return [title, `Round ${attempt.keptRound} of ${attempt.rounds.length} was kept.`];
  return [title, STRATEGIES[attempt.strategy]];
}

function roundPart({ rounds, keptRound }: Attempt, index: number, [part, key]: Path): string[] | undefined {
  const round: Round | undefined = rounds[index];
  if (!round) return undefined;
  const title = `**Round ${index + 1}**${index + 1 === keptRound ? ' · kept' : ''}`;
  if (part === 'heldOut') return [title, ...heldOutPart(round.heldOut, key)];
  const against =
    round.inverted.length > 0
      ? ` Trained against *estimated* triggers of ${round.inverted
          .slice(0, 8)
          .map(({ target, norm }) => `class ${target} (${pixels(norm)})`)
          .join(', ')}${round.inverted.length > 8 ? ' and more' : ''}.`
      : '';
  return [title, `${plural(round.epochs, 'epoch')}; ${percent(round.stamped)} of the images stamped.${against}`];
}

function heldOutPart(
  { images, correctBefore, correct, ...rates }: HeldOutFigures,
  key: string | number | undefined,
): string[] {
  const accuracy =
    images > 0
      ? `Clean accuracy on ${count(images)} held-out images: ${percent(correctBefore / images)} → ${percent(correct / images)}.`
      : 'No held-out images.';
  const line = (name: keyof typeof TRIGGERS): string[] =>
    rates[name] ? [`${TRIGGERS[name]}: ${rateText(rates[name])}`] : [];
  if (key === 'knownTrigger' || key === 'estimatedTrigger' || key === 'freshTrigger')
    return [...line(key), TERMS.holdout.definition];
  return [accuracy, ...line('knownTrigger'), ...line('estimatedTrigger'), ...line('freshTrigger')];
}

const rateText = (rate: Rate): string =>
  `${percent(rate.rate)}, ${count(rate.hits)} of ${count(rate.of)}; 95 % interval ${percent(rate.low)} – ${percent(rate.high)}.`;
