import assert from 'node:assert/strict';
import { compareReports } from '../../../../../server/engine/report/compare/compare';
import {
  commentBody,
  commentMarker,
  stepSummary,
  type SummaryPart,
} from '../../../../../server/engine/report/markdown/summary';
import { readReport } from '../../../../../server/engine/report/json/read-report';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, textOf } from '../../../../fixtures/example-report';
import { issuesOf } from './support';

describe('a summary of reports', function () {
  this.timeout(60_000);
  const part = (name: string, report: DefenseReport | null = exampleReport()): SummaryPart => ({
    name,
    report,
    issues: report ? issuesOf(report) : [],
    comparison: report && compareReports(exampleReport(), report),
    lead: 'Passed: measured again.',
  });

  it('has everything of one report, what was found before its verdict', () => {
    const text = stepSummary([part('a')]);
    assert.ok(
      text.indexOf('## Defense report: a') < text.indexOf('Passed: measured again.') &&
        text.indexOf('Passed: measured') < text.indexOf('Not mitigated'),
    );
    for (const block of ['### Against `base`', '### Pruning curve', 'Confusion matrices'])
      assert.ok(text.includes(block), block);
    assert.ok(!text.includes('Not shown here'));
  });

  it('begins a comment with its marker, and leaves folded details to the summary', () => {
    const text = commentBody('mnist', [part('mnist')]);
    assert.ok(text.startsWith('<!-- fine-prune:report:mnist -->\n'));
    assert.ok(!text.includes('<details>'));
    assert.match(
      text,
      /_Not shown here: accuracy by class, the confusion matrices, .* and the settings\. See the reports\._\n$/,
    );
  });

  it('has a marker that no name can break out of', () => {
    for (const name of ['a--b', '-->', '<b>', 'x'.repeat(10_000), '\uD800', 'a b/ü'])
      assert.match(commentMarker(name), /^<!-- fine-prune:report:(?!.*--.* -->)[\w.%-]{1,500} -->$/, name.slice(0, 20));
    assert.notEqual(commentMarker('a'), commentMarker('b'));
  });

  for (const [what, make, limit] of [
    ['summary', stepSummary, 2 ** 20],
    ['comment', (parts: SummaryPart[]) => commentBody('x', parts), 65_536],
  ] as const) {
    it(`stays below its limit, however many reports there are, and says what it left out (${what})`, () => {
      const one = part('r');
      for (const many of [1, 3, 20, 60, 3000]) {
        const text = make(Array.from({ length: many }, (_, at) => ({ ...one, name: `r${at}` })));
        assert.ok(Buffer.byteLength(text) < limit && text.length < limit, `${many}: ${text.length}`);
        assert.ok(text.endsWith('\n') && text.includes('Not mitigated'));
        if (many >= 60 && what === 'comment') assert.match(text, /Not shown here|left out to save space/);
      }
      assert.match(
        make(Array.from({ length: 30_000 }, () => one)),
        /… and [\d,]+ more reports, left out to save space/,
      );
    });
  }

  it('says so of a report that is not there', () => {
    assert.match(
      stepSummary([{ ...part('gone', null), comparison: compareReports(exampleReport(), null) }]),
      /## Defense report: gone\n\nPassed: measured again\.\n\n\*\*Deleted\.\*\* The report was deleted\. It said: not mitigated, clean accuracy 99\.1 %, ASR 91\.6 %\./,
    );
  });

  it('is made from a report as a file has it', () => {
    assert.equal(stepSummary([part('a', readReport(textOf(exampleReport()), 'x'))]), stepSummary([part('a')]));
  });
});
