import type { DefenseReport } from '../../../protocol/report/report';
import { curveProblems } from './curve';
import { judgementProblems } from './judgement';
import { layerProblems } from './layer';
import { metricProblems } from './metrics';
import { partProblems } from './parts';
import { pruningProblems } from './pruning';
import { repairProblems } from './repair';
import { scanProblems } from './scan';
import { settingProblems } from './settings';

/** Two things of a report that can't both be true. */
export interface ConsistencyProblem {
  /** Stable word, such as `rate`; docs/review.md lists them. */
  id: string;
  /** One sentence with both figures. */
  message: string;
  /** JSON pointer to the place in the report. */
  pointer: string;
  /** `note`: nothing is wrong, but something can't be known from the report alone. */
  kind: 'problem' | 'note';
}

/** Takes what a check finds. Each check tells what it expected, and where something else stands. */
export interface Tell {
  problem(id: string, pointer: string, message: string): void;
  note(id: string, pointer: string, message: string): void;
  /** A problem unless the two are the same number, word or null. */
  same(id: string, pointer: string, found: unknown, expected: unknown, why: string): void;
}

/**
 * Everything in a report that does not follow from the rest of it: what a figure edited by hand leaves behind. Rates, intervals,
 * p-values, gates, verdict, findings and the order of pruning are worked out again by the code that a run uses. It needs neither
 * model nor data, so it can't tell figures that were invented as a whole; measuring again can.
 *
 * @param report as `readReport` returns it
 */
export function consistencyProblems(report: DefenseReport): ConsistencyProblem[] {
  const found: ConsistencyProblem[] = [];
  const push =
    (kind: ConsistencyProblem['kind']) =>
    (id: string, pointer: string, message: string): void =>
      void found.push({ id, pointer, message, kind });
  const tell = tellOf(push('problem'), push('note'));
  for (const check of [
    partProblems,
    metricProblems,
    layerProblems,
    pruningProblems,
    curveProblems,
    settingProblems,
    scanProblems,
    repairProblems,
    judgementProblems,
  ])
    check(report, tell);
  return found;
}

/** Tells what is found to two functions. */
export function tellOf(problem: Tell['problem'], note: Tell['note']): Tell {
  return {
    problem,
    note,
    same: (id, pointer, is, expected, why) => {
      if (is !== expected) problem(id, pointer, `\`${pointer}\` is ${shown(is)}, but ${why} ${shown(expected)}.`);
    },
  };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
