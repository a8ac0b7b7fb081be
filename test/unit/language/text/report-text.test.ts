import assert from 'node:assert/strict';
import { resultLine } from '../../../../server/language/text/report-text';
import { sampleReport } from '../report-support';

describe('a result in one line', () => {
  it('leaves out what was not measured', () => {
    const report = sampleReport();
    report.verdict.word = 'not measurable';
    report.stages.after.attackSuccessRate = null;
    assert.equal(resultLine(report), 'Not measurable · clean accuracy 99 %');
  });
});
