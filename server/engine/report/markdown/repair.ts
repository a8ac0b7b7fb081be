import type { Attempt, DefenseReport, HeldOutFigures, Rate } from '../../../protocol/report/report';
import { code, text } from '../../../protocol/text/markdown';
import { rateCell, table } from './figures';
import { classTable, sign } from './scan';
import { count, pixels, fixedShare } from '../../../protocol/words';
import { attemptWord, provingImages } from '../../../protocol/report/words';

const MOST_ROWS = 40;
const MOST_INVERTED = 5;
const TRIGGERS = [
  ['knownTrigger', 'known trigger, %'],
  ['estimatedTrigger', '*estimated* trigger, %'],
  ['freshTrigger', 'new *estimate*, %'],
] as const;

/** Every repair that was tried, and what it came to on held-out images. */
export function repairsTried({ attempts = [] }: DefenseReport): string {
  const shown = attempts.slice(0, MOST_ROWS);
  if (shown.length === 0) return 'None.';
  const triggers = measuredTriggers(shown.map(({ heldOut }) => heldOut));
  const rows = shown.map((attempt, at) => [
    String(at + 1),
    code(attempt.strategy, true),
    attempt.units.length === 0 ? 'nothing' : `${count(attempt.units.length)} of ${code(attempt.layer, true)}`,
    roundsCell(attempt),
    accuracyCell(attempt.heldOut),
    ...triggers.map(([key]) => successCell(attempt.heldOut[key])),
    `${attempt.chosen ? (attempt.met ? '✅ ' : '⚠️ ') : ''}${attemptWord(attempt)}`,
  ]);
  const head = [
    '',
    'strategy',
    'pruned',
    'rounds',
    'clean accuracy, %',
    ...triggers.map(([, title]) => title),
    'result',
  ];
  const sentences = shown
    .map((attempt, at) => `${at + 1}. Source: ${text(attempt.source)}. ${text(attempt.sentence)}`)
    .join('\n');
  const images = shown[0]!.heldOut.images;
  const fresh = shown.find(({ heldOut }) => heldOut.freshTrigger)?.heldOut.freshTrigger?.of;
  const note = `All measured on ${count(images)} clean images that were held out from fine-tuning; none is in the test set, so the choice does not flatter the figures above. ${measuredNote(triggers.map(([key]) => key))}${fresh === undefined ? '' : `, on ${count(fresh)} of them`}.`;
  return [table(head, rows, 3), sentences, note].join('\n\n');
}

/** What the columns of triggers are, of those that are there. */
function measuredNote(keys: readonly (typeof TRIGGERS)[number][0][]): string {
  const words = {
    knownTrigger: 'the known trigger, which the config describes',
    estimatedTrigger: 'the one *estimated* on the input model',
    freshTrigger: 'a new *estimate* on the repaired model, no larger than the first',
  };
  return keys.length === 0 ? 'No trigger was measured' : `Success of ${keys.map((key) => words[key]).join('; of ')}`;
}

/** Every round of every repair. */
export function roundTable({ attempts = [] }: DefenseReport): string {
  const rounds = attempts.flatMap((attempt) => attempt.rounds.map((round, at) => ({ attempt, round, number: at + 1 })));
  const shown = rounds.slice(0, 3 * MOST_ROWS);
  const triggers = measuredTriggers(shown.map(({ round }) => round.heldOut));
  const rows = shown.map(({ attempt, round, number }) => [
    code(attempt.strategy, true),
    `${number}${number === attempt.keptRound ? ', kept' : ''}`,
    inverted(round.inverted),
    count(round.epochs),
    fixedShare(round.stamped),
    String(Number(round.loss.toPrecision(4))),
    fixedShare(round.accuracy),
    accuracyCell(round.heldOut),
    ...triggers.map(([key]) => successCell(round.heldOut[key])),
  ]);
  const head = [
    'strategy',
    'round',
    'trained against',
    'epochs',
    'stamped, %',
    'loss',
    'training accuracy, %',
    'clean accuracy, held out, %',
    ...triggers.map(([, title]) => title),
  ];
  const cut = shown.length < rounds.length ? `\n\n${count(shown.length)} of ${count(rounds.length)} rounds.` : '';
  return `${table(head, rows, 3)}${cut}`;
}

/** What the verdict is based on beyond the trigger that the repair was made with. */
export function proofText({ proof }: DefenseReport): string {
  if (!proof) return '';
  const rows = proof.bounded
    .slice(0, MOST_ROWS)
    .map(({ target, norm, before, after }) => [String(target), pixels(norm), rateCell(before), rateCell(after)]);
  const bounded =
    rows.length > 0
      ? [
          table(
            ['class', 'mask of at most', '*estimate* on the input model, %', 'new *estimate* on the repaired model, %'],
            rows,
          ),
          `Success on ${provingImages(proof)} of other classes of a new trigger, searched for in the repaired model and no larger than the one found in the input model.`,
        ]
      : [];
  return [
    `**Based on: ${proof.basis}.** ${text(proof.sentence)}`,
    ...bounded,
    `${sign(proof.scan)} **Scan of the repaired model.** ${text(proof.scan.sentence)}`,
  ].join('\n\n');
}

export function proofClasses({ proof }: DefenseReport): string {
  return proof ? classTable(proof.scan) : '';
}

/** The columns that any attempt has figures for. */
function measuredTriggers(all: readonly HeldOutFigures[]): (typeof TRIGGERS)[number][] {
  return TRIGGERS.filter(([key]) => all.some((figures) => figures[key] !== null));
}

function roundsCell({ rounds, keptRound }: Attempt): string {
  return rounds.length === keptRound ? count(keptRound) : `${count(keptRound)} of ${count(rounds.length)} kept`;
}

function accuracyCell({ images, correctBefore, correct }: HeldOutFigures): string {
  return images === 0 ? 'no image' : `${fixedShare(correctBefore / images)} → ${fixedShare(correct / images)}`;
}

function successCell(rate: Rate | null): string {
  if (!rate) return '–';
  return rate.of === 0 ? 'no image' : `${fixedShare(rate.rate)} (${fixedShare(rate.low)}–${fixedShare(rate.high)})`;
}

function inverted(found: Attempt['rounds'][number]['inverted']): string {
  if (found.length === 0) return '–';
  const told = found.slice(0, MOST_INVERTED).map(({ target, norm }) => `class ${target}: ${pixels(norm)}`);
  return `${told.join('; ')}${found.length > MOST_INVERTED ? ` and ${count(found.length - MOST_INVERTED)} more` : ''}`;
}
