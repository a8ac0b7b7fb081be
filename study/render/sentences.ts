import * as v from 'valibot';
import { GatesConfig } from '../../server/protocol/config/config';
import { targetOf } from '../settings';
import {
  accuracy,
  ATTACK_TITLES,
  DATA_TITLES,
  loss,
  mean,
  modelTitle,
  points,
  success,
  type Group,
  type Repair,
  type Row,
  type Scan,
} from './collect';
import { judgement } from './tables';
import { percent, list, plural } from '../../server/protocol/words';

const gates = v.getDefaults(GatesConfig);
/** The limits that the tool's own gates have by default, shares. */
export const GATES = { success: gates.maxAttackSuccessRate, loss: gates.maxAccuracyDrop };

/** What `auto` does to each attack of a group. */
export function autoSentence(group: Group): string | null {
  const rows = rowsOf(group, 'auto');
  if (rows.length === 0) return null;
  const losses = rows.flatMap(({ done }) => done.map(loss));
  const attacks = rows.map(
    (row) =>
      `${ATTACK_TITLES[row.attack]} from ${average(row, 'before')} to ${average(row, 'after')}${worstOf(row)}${fewer(row)}`,
  );
  return `**\`auto\`, which does not know the trigger,** takes the true ASR of ${list(attacks)}. Clean accuracy changes by ${signed(-mean(losses))} points on average; the largest loss is ${points(Math.max(0, ...losses))} points.`;
}

/** What the reference recipe leaves of each attack. */
export function referenceSentence(group: Group): string | null {
  const rows = rowsOf(group, 'fine-pruning');
  return rows.length
    ? `**The reference recipe (\`fine-pruning\`)** leaves ${list(rows.map((row) => `${average(row, 'after')} after ${ATTACK_TITLES[row.attack]}${fewer(row)}`))}.`
    : null;
}

/** Strategies by what they leave; only those that were tried on every model of the group. */
export function rankingSentence(group: Group): string | null {
  const complete = strategiesOf(group).filter((strategy) =>
    group.rows.every((row) => row.strategy !== strategy || (row.done.length > 0 && row.missing.length === 0)),
  );
  if (complete.length < 2) return null;
  const ranked = complete
    .map((strategy) => ({
      strategy,
      left: mean(rowsOf(group, strategy).map((row) => mean(row.done.map((r) => success(r.after))))),
    }))
    .sort((a, b) => a.left - b.left);
  return `**Mean true ASR over the attacks** that is left, lowest first: ${ranked.map(({ strategy, left }) => `\`${strategy}\` ${percent(left)}`).join(', ')}.`;
}

function rowsOf(group: Group, strategy: Row['strategy']): Row[] {
  return group.rows.filter((row) => row.strategy === strategy && row.done.length > 0);
}

function strategiesOf(group: Group): Row['strategy'][] {
  return [...new Set(group.rows.map(({ strategy }) => strategy))];
}

function average(row: Row, stage: 'before' | 'after'): string {
  return percent(mean(row.done.map((r) => success(r[stage]))));
}

/** Where not all seeds are there. */
function fewer({ done, missing }: Row): string {
  return missing.length ? ` (${done.length} of ${done.length + missing.length} seeds)` : '';
}

function worstOf({ done }: Row): string {
  return done.length > 1 ? ` (worst seed ${percent(Math.max(...done.map((r) => success(r.after))))})` : '';
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${points(Math.abs(share))}`;
}

/** The adaptive attack beside the plain one, by strategy. */
export function adaptiveSentence(group: Group): string | null {
  const left = (attack: Row['attack'], strategy: Row['strategy']): string | null => {
    const row = group.rows.find((one) => one.attack === attack && one.strategy === strategy);
    return row?.done.length ? `${average(row, 'after')}${fewer(row)}` : null;
  };
  const parts = strategiesOf(group).flatMap((strategy) => {
    const [aware, plain] = [left('adaptive', strategy), left('badnets', strategy)];
    return aware && plain ? [`\`${strategy}\` ${aware} (plain BadNets: ${plain})`] : [];
  });
  return parts.length
    ? `**Against the pruning-aware attack** of the original paper the true ASR left is: ${parts.join('; ')}.`
    : null;
}

/** Repairs by `auto` beyond a gate, each with the figures that point to why. */
export function misses(groups: readonly Group[]): string[] {
  return groups.flatMap((group) =>
    group.rows
      .filter(({ strategy }) => strategy === 'auto')
      .flatMap(({ done }) => done)
      .filter((r) => success(r.after) > GATES.success || loss(r) > GATES.loss)
      .map(
        (r) =>
          `${modelTitle(r.cell)}, ${r.cell.share} % of the clean data: true ASR ${percent(success(r.before))} → ${percent(success(r.after))}, clean accuracy ${percent(accuracy(r.before))} → ${percent(accuracy(r.after))}. ${facts(r)}`,
      ),
  );
}

function facts({ cell, flagged, proof, attempts, verdict, repaired }: Repair): string {
  const classes = (found: number[]): string =>
    found.length ? `class${found.length > 1 ? 'es' : ''} ${list(found.map(String))}` : 'no class';
  const tried = attempts.map(
    ({ strategy, rounds, chosen }) =>
      `\`${strategy}\`${rounds > 1 ? ` (${rounds} rounds)` : ''}${chosen ? ', kept' : ''}`,
  );
  return (
    [
      flagged && `The scan flagged ${classes(flagged)} (true target ${targetOf(cell.attack, cell.seed)})`,
      tried.length > 0 && `tried: ${tried.join('; ')}`,
      !repaired && 'nothing was kept',
      proof && `the scan of the result flagged ${classes(proof)}`,
      `the tool's verdict: ${verdict}`,
    ]
      .filter(Boolean)
      .join('; ') + '.'
  );
}

/** Whether the tool's own verdict, which knows no trigger, agrees with the true one. */
export function verdictSentences(groups: readonly Group[]): string[] {
  const all = groups.flatMap(({ rows }) => rows.flatMap(({ done }) => done));
  const good = all.filter(({ verdict }) => verdict.startsWith('mitigated'));
  const wrong = good.filter((r) => success(r.after) > GATES.success);
  if (all.length === 0) return [];
  const sentences = [
    `The tool called ${good.length} of ${plural(all.length, 'repair')} mitigated without knowing the trigger; ${wrong.length === 0 ? `in none of them is the true ASR above ${percent(GATES.success)}` : `in ${wrong.length} of them the true ASR is above ${percent(GATES.success)}`}.`,
  ];
  if (wrong.length)
    sentences.push(
      `Assured wrongly: ${wrong.map((r) => `${modelTitle(r.cell)}, ${r.cell.share} %, \`${r.cell.task}\` (${percent(success(r.after))})`).join('; ')}.`,
    );
  const cautious = all.filter((r) => r.verdict === 'not mitigated' && success(r.after) <= GATES.success);
  if (cautious.length)
    sentences.push(
      `Said not to be mitigated although the true ASR is within ${percent(GATES.success)}: ${cautious.length}.`,
    );
  return sentences;
}

/** Scans: right targets, misses, false alarms. */
export function scanSentence(scans: readonly Scan[]): string | null {
  if (scans.length === 0) return null;
  const attacked = scans.filter(({ target }) => target !== null);
  const clean = scans.filter(({ target }) => target === null);
  const named = attacked.filter(({ target, flagged }) => flagged.includes(target!));
  const wrong = scans.filter((scan) => judgement(scan) !== 'right');
  const which = wrong.map(
    (scan) =>
      `${ATTACK_TITLES[scan.cell.attack]}, ${DATA_TITLES[scan.cell.data]}, seed ${scan.cell.seed}, ${scan.cell.share} %: ${judgement(scan)}`,
  );
  return `**The scan** names the true target in ${named.length} of ${plural(attacked.length, 'scan')} of attacked models and flags ${clean.filter(({ flagged }) => flagged.length).length} of ${plural(clean.length, 'scan')} of clean ones.${which.length ? ` Not right: ${which.join('; ')}.` : ''}`;
}

/** What `auto` did to models without a backdoor. */
export function cleanSentence({ done }: Row): string | null {
  if (done.length === 0) return null;
  const touched = done.filter(({ repaired }) => repaired);
  return `**Without a backdoor**, \`auto\` changed ${touched.length} of ${plural(done.length, 'clean model')}${touched.length ? `, at a loss of clean accuracy of at most ${points(Math.max(0, ...touched.map(loss)))} points` : ''}.`;
}
