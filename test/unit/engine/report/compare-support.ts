import { compareReports } from '../../../../server/engine/report/compare/compare';
import { judge, judgeGates } from '../../../../server/engine/defense/verdict';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import type { ReportComparison } from '../../../../server/protocol/report/comparison';
import { exampleReport, setAttackSuccess } from '../../../fixtures/example-report';

export const against = (change: (report: DefenseReport) => void): ReportComparison =>
  compareReports(exampleReport(), exampleReport(change));

/** A defended model with this success of the trigger, gates and verdict following. */
export const withSuccess =
  (hits: number, more: (r: DefenseReport) => void = () => undefined) =>
  (r: DefenseReport): void => {
    setAttackSuccess(r, 'after', 0, hits);
    more(r);
    r.gates = judgeGates(r, r.provenance.config.gates);
    r.verdict = judge(r, r.provenance.config.gates);
  };
