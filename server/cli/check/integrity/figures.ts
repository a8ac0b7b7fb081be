import { consistencyProblems } from '../../../engine/report/json/read-report';
import type { DefenseReport } from '../../../protocol/report/report';
import type { CheckResult } from '../../../protocol/report/review';
import { fail, pass, warn } from '../context';

/** Figures that can't all be true. */
export function figureResults(report: DefenseReport): CheckResult[] {
  const problems = consistencyProblems(report);
  const found = problems.map(({ id, message, pointer, kind }) =>
    kind === 'problem' ? fail(`figures.${id}`, message, pointer) : warn(`figures.${id}`, message, pointer),
  );
  return problems.some(({ kind }) => kind === 'problem')
    ? found
    : [
        ...found,
        pass(
          'figures',
          'The figures agree with each other: rates, intervals, tests, gates, verdict and findings were recalculated.',
        ),
      ];
}
