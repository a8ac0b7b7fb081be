import type { CheckedReport, CheckResult } from '../../protocol/report/review';
import type { AtBase } from './base/base';
import type { Checked } from './check-report';
import type { Target } from './context';

/** The answer about a report that is not there or can't be read: one result, and no figures to judge. */
export function unjudged(
  target: Target,
  before: AtBase,
  result: CheckResult,
  policy: CheckedReport['policy'],
): Checked {
  return {
    target,
    text: null,
    judged: null,
    before,
    baseIssues: null,
    policyWords: '',
    models: { input: null, defended: null },
    result: {
      file: target.shown,
      passed: result.outcome !== 'fail',
      level: null,
      report: null,
      results: [result],
      issues: [],
      policy,
    },
  };
}
