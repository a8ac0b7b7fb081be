import { cleanConfusion, labelCounts } from '../../../protocol/report/confusion';
import type { ResolvedConfig } from '../../../protocol/config/config';
import { StrategyName } from '../../../protocol/config/strategy';
import type { Attempt, DefenseReport, HeldOutFigures, Proof } from '../../../protocol/report/report';
import { suspectedClasses, inversionOf } from '../../../protocol/report/scan';
import { bestOf, leastLoss, losesAtMost, measuredTriggers, meetsGates, missedGates } from '../../repair/choice';
import { canonicalJson } from '../../files/hash';
import { formerVersion } from '../../../protocol/report/former';
import { attemptSentence, proofSentence } from '../../defense/attempt-words';
import type { Tell } from './consistency';
import { rateProblems, sum } from './metrics';

const TRIGGERS = ['knownTrigger', 'estimatedTrigger', 'freshTrigger'] as const;

/** The repairs that were tried and the proof, against each other and against what the report says was done. */
export function repairProblems(report: DefenseReport, tell: Tell): void {
  const { attempts, proof, repaired, provenance } = report;
  attempts?.forEach((attempt, at) => attemptProblems(attempt, `/attempts/${at}`, report, tell));
  if (attempts) choiceProblems(attempts, report, tell);
  else if (repaired && provenance.config.strategy)
    tell.problem('attempts', '/repaired', 'The model was repaired by a strategy, but no attempt is listed.');
  if (proof) proofProblems(proof, report, tell);
}

function attemptProblems(attempt: Attempt, pointer: string, report: DefenseReport, tell: Tell): void {
  const { data, provenance } = report;
  const { strategy, rounds, keptRound, heldOut, met } = attempt;
  const { config } = provenance;
  const asked = config.strategy ?? 'fine-pruning';
  if (asked !== 'auto') tell.same('attempts', `${pointer}/strategy`, strategy, asked, 'the config asks for');
  heldOutProblems(heldOut, `${pointer}/heldOut`, data.holdout.images, tell);
  rounds.forEach((round, at) => {
    heldOutProblems(round.heldOut, `${pointer}/rounds/${at}/heldOut`, data.holdout.images, tell);
    tell.same(
      'attempts',
      `${pointer}/rounds/${at}/heldOut/correctBefore`,
      round.heldOut.correctBefore,
      heldOut.correctBefore,
      'all rounds start from the same model, so it must be',
    );
  });
  if (canonicalJson(heldOut) !== canonicalJson(rounds[keptRound - 1]?.heldOut ?? null)) {
    tell.problem(
      'attempts',
      `${pointer}/heldOut`,
      `\`${pointer}/heldOut\` does not match the figures of round ${keptRound}, which was kept.`,
    );
  }
  tell.same('attempts', `${pointer}/met`, met, meetsGates(heldOut, config.gates), 'the held-out figures give');
  if (attempt.missed)
    tell.same(
      'attempts',
      `${pointer}/missed`,
      attempt.missed.join(', '),
      missedGates(heldOut, config.gates).join(', '),
      'the held-out figures give',
    );
  if (formerVersion(report) === null)
    tell.same(
      'attempts',
      `${pointer}/sentence`,
      attempt.sentence,
      attemptSentence(attempt, config.gates),
      'the figures give',
    );
}

function heldOutProblems(figures: HeldOutFigures, pointer: string, available: number, tell: Tell): void {
  if (figures.images > available)
    tell.problem(
      'attempts',
      `${pointer}/images`,
      `${figures.images} held-out images were measured, but there are ${available}.`,
    );
  for (const key of TRIGGERS) {
    const rate = figures[key];
    if (rate) rateProblems(rate, `${pointer}/${key}`, tell);
  }
}

/** At most one attempt is chosen: the one that a run would choose, and what it did is what the report says was done. */
function choiceProblems(
  attempts: readonly Attempt[],
  { layer, pruning, fineTuning, repaired, provenance }: DefenseReport,
  tell: Tell,
): void {
  const chosen = attempts.filter((attempt) => attempt.chosen);
  orderProblems(attempts, provenance.config, tell);
  tell.same(
    'attempts',
    '/attempts',
    chosen.length,
    repaired ? 1 : 0,
    repaired
      ? 'the defended model comes from one attempt, so the number of chosen attempts must be'
      : 'nothing was repaired, so the number of chosen attempts must be',
  );
  const [one] = chosen;
  const figures = attempts.map(({ heldOut }) => heldOut);
  const former = attempts.filter(({ missed }) => missed === undefined).length;
  if (former > 0 && former < attempts.length)
    tell.problem('attempts', '/attempts', 'Some attempts say which gates they miss and some do not.');
  const wanted = (former === attempts.length ? formerBest : bestOf)(figures, provenance.config.gates);
  tell.same('attempts', '/attempts', one ? attempts.indexOf(one) : null, wanted, 'the index of the attempt to keep is');
  if (!one || !repaired) return;
  const ascending = (units: readonly number[]): string => [...units].sort((a, b) => a - b).join();
  if (ascending(one.units) !== ascending(pruning.units))
    tell.problem('attempts', '/pruning/units', '`/pruning/units` are not the units of the chosen attempt.');
  if (one.units.length > 0) tell.same('attempts', '/layer/name', layer.name, one.layer, 'the chosen attempt pruned');
  const epochs = one.rounds.slice(0, one.keptRound).reduce((sum, round) => sum + round.epochs, 0);
  tell.same('attempts', '/fineTuning/epochs', fineTuning.epochs, epochs, 'the kept rounds of the chosen attempt had');
}

/** A strategy tries its one repair; `auto` all of them in the order of their cost, until one meets the gates. */
function orderProblems(attempts: readonly Attempt[], { strategy }: ResolvedConfig, tell: Tell): void {
  if (strategy !== 'auto') {
    if (attempts.length > 1)
      tell.problem('attempts', '/attempts/1', `The strategy "${strategy ?? 'fine-pruning'}" tries one repair.`);
    return;
  }
  const order = attempts.map((one) => StrategyName.options.indexOf(one.strategy));
  const late = order.findIndex((place, at) => at > 0 && place <= order[at - 1]!);
  if (late > 0)
    tell.problem(
      'attempts',
      `/attempts/${late}/strategy`,
      `\`auto\` tries each repair once, in this order: ${StrategyName.options.join(', ')}.`,
    );
  const early = attempts.findIndex(({ met }, at) => met && at < attempts.length - 1);
  if (early >= 0)
    tell.problem('attempts', `/attempts/${early}/met`, '`auto` stops at the first repair that meets the gates.');
}

/** The order of reports without `missed`: the latest that meets the gates, else the least success within the accuracy limit, else the least loss. */
function formerBest(figures: readonly HeldOutFigures[], gates: ResolvedConfig['gates']): number | null {
  if (figures.length === 0) return null;
  const latest = figures.findLastIndex((one) => meetsGates(one, gates));
  if (latest >= 0) return latest;
  const success = (at: number): number => Math.max(...measuredTriggers(figures[at]!).map(({ rate }) => rate));
  const accurate = [...figures.keys()].filter((at) => losesAtMost(figures[at]!, gates.maxAccuracyDrop));
  return accurate.length ? accurate.reduce((a, b) => (success(b) < success(a) ? b : a)) : leastLoss(figures);
}

function proofProblems(proof: Proof, report: DefenseReport, tell: Tell): void {
  const { trigger, verdict, repaired, scan: before, confusion } = report;
  const { scan, bounded, basis, measuredOn } = proof;
  if (!repaired) tell.problem('proof', '/proof', 'Nothing was repaired, so there is nothing to prove.');
  const [flagged] = suspectedClasses(scan);
  if (flagged !== undefined && verdict.word.startsWith('mitigated')) {
    tell.problem(
      'proof',
      '/verdict/word',
      `The verdict is "${verdict.word}", but the scan of the repaired model still flags class ${flagged}.`,
    );
  }
  if ((basis !== 'fresh scan') !== (trigger?.source === 'known')) {
    tell.problem(
      'proof',
      '/proof/basis',
      `The proof is based on "${basis}", but ${trigger?.source === 'known' ? 'the trigger is known' : 'no trigger is known'}.`,
    );
  }
  const targets = bounded.map(({ target }) => target);
  targetProblems(targets, before ? suspectedClasses(before) : [], tell);
  bounded.forEach(({ target, norm, before: was, after }, at) => {
    const pointer = `/proof/bounded/${at}`;
    rateProblems(was, `${pointer}/before`, tell);
    rateProblems(after, `${pointer}/after`, tell);
    tell.same(
      'proof',
      `${pointer}/after/of`,
      after.of,
      was.of,
      'before and after are measured on the same images, so it must be',
    );
    const others = sum(
      labelCounts(cleanConfusion({ confusion: confusion.before })).map((images, label) =>
        label === target ? 0 : images,
      ),
    );
    if (measuredOn && was.of > others)
      tell.problem(
        'proof',
        `${pointer}/before/of`,
        `${was.of} test images were measured, but only ${others} are of classes other than ${target}.`,
      );
    const first = before && inversionOf(before, target);
    if (!first) tell.problem('proof', `${pointer}/target`, `Class ${target} was not scanned in the input model.`);
    else {
      tell.same(
        'proof',
        `${pointer}/norm`,
        norm,
        first.norm,
        `the trigger that the scan found for class ${target} has`,
      );
      if (!measuredOn)
        tell.same(
          'proof',
          `${pointer}/before/hits`,
          was.hits,
          first.success.hits,
          `the trigger that the scan found for class ${target} has`,
        );
    }
  });
  if (formerVersion(report) === null)
    tell.same('proof', '/proof/sentence', proof.sentence, proofSentence(proof), 'the figures give');
}

/** A new trigger for each class that was suspicious in the input model, and for no other. */
function targetProblems(targets: readonly number[], suspected: readonly number[], tell: Tell): void {
  if (new Set(targets).size !== targets.length)
    tell.problem('proof', '/proof/bounded', 'A class has two bounded triggers.');
  const extra = targets.findIndex((target) => !suspected.includes(target));
  if (extra >= 0)
    tell.problem(
      'proof',
      `/proof/bounded/${extra}`,
      `A new trigger is listed for class ${targets[extra]}, which was not suspicious in the input model.`,
    );
  const missing = suspected.find((target) => !targets.includes(target));
  if (missing !== undefined)
    tell.problem(
      'proof',
      '/proof/bounded',
      `Class ${missing} was suspicious in the input model, but no new trigger of its size was searched for.`,
    );
}
