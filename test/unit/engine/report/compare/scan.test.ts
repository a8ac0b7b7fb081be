import assert from 'node:assert/strict';
import { compareReports } from '../../../../../server/engine/report/compare/compare';
import { comparisonMarkdown } from '../../../../../server/engine/report/markdown/compare';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, setAttackSuccess } from '../../../../fixtures/example-report';
import { judged, repairedReport } from '../../../../fixtures/repaired-report';
import { scanOf } from '../../../../fixtures/scan-result';
import { against } from '../compare-support';

describe('a comparison of reports with scans', () => {
  const flagged = (): DefenseReport =>
    judged(
      repairedReport('inverted', (r) => void (r.proof!.scan = scanOf([70, 84, 61, 5.2, 79, 63, 77, 75, 103, 88]))),
    );

  it('is as it was where neither has one', () => {
    assert.ok(!('scans' in against(() => undefined)));
    assert.doesNotMatch(
      comparisonMarkdown(
        against(() => undefined),
        { base: 'a', head: 'b' },
      ),
      /[Ss]can|estimated/,
    );
  });

  it('names classes that are flagged now, and those that no longer are', () => {
    const comparison = compareReports(repairedReport(), flagged());
    assert.deepEqual(comparison.scans, [
      { model: 'input', base: [0], head: [0], added: [], removed: [] },
      { model: 'defended', base: [], head: [3], added: [3], removed: [] },
    ]);
    assert.equal(comparison.direction, 'worse');
    assert.match(
      comparison.sentence,
      /^Every figure of the defended model is the same\..* The scan of the defended model flags class 3 now\.$/,
    );
    const back = compareReports(flagged(), repairedReport());
    assert.equal(back.direction, 'better');
    assert.match(back.sentence, /The scan of the defended model no longer flags class 3\.$/);
    assert.match(
      comparisonMarkdown(comparison, { base: 'main', head: 'HEAD' }),
      /^\| Scan of the defended model \| nothing found \| class 3 \| ⚠️ class 3 added \|$/m,
    );
  });

  it('does not take a scan on one side only for a change', () => {
    const comparison = compareReports(exampleReport(), repairedReport('known'));
    assert.deepEqual(comparison.scans?.[0], { model: 'input', base: null, head: [0], added: [], removed: [] });
    assert.doesNotMatch(comparison.sentence, /scan/);
    assert.match(
      comparisonMarkdown(comparison, { base: 'main', head: 'HEAD' }),
      /^\| Scan of the input model \| not scanned \| class 0 \| {2}\|$/m,
    );
    assert.match(
      comparisonMarkdown(compareReports(null, repairedReport()), { base: 'none', head: 'x' }),
      /^\| Scan of the input model \| – \| class 0 \| {2}\|$/m,
    );
  });

  it('names the strategy, and the one that was kept', () => {
    const { settings } = compareReports(exampleReport(), repairedReport('known'));
    assert.deepEqual(
      settings.find(({ path }) => path === 'strategy'),
      { path: 'strategy', base: null, head: 'auto' },
    );
    assert.deepEqual(
      settings.find(({ path }) => path === 'defended model.strategy'),
      { path: 'defended model.strategy', base: null, head: 'guided' },
    );
  });

  it('says where a figure is on an estimated trigger, and does not hold two estimates against each other', () => {
    const text = comparisonMarkdown(
      compareReports(
        repairedReport(),
        repairedReport('inverted', (r) => setAttackSuccess(r, 'after', 0, 900)),
      ),
      { base: 'main', head: 'HEAD' },
    );
    assert.match(text, /ASR \(estimated trigger\) rose from 0\.13 % to 10 %/);
    assert.match(text, /^\| ASR \(estimated trigger\), defended model \|/m);
    assert.match(text, /^\| Attack success rate \(ASR\), \*estimated\* trigger \| ≤ 5 %/m);
    const other = compareReports(
      repairedReport(),
      repairedReport('inverted', (r) => void (r.scan = scanOf([5.1, 81, 52, 66, 72, 58, 75, 69, 113, 91]))),
    );
    assert.equal(other.direction, 'not comparable');
    assert.match(other.caveats.join(' '), /Each estimated its own trigger/);
    assert.match(compareReports(null, repairedReport()).sentence, /ASR \(estimated trigger\) 0\.13 %/);
    const labels = { base: 'main', head: 'HEAD' };
    const found = comparisonMarkdown(compareReports(exampleReport(), repairedReport()), labels);
    assert.match(found, /^\| ASR \(estimated trigger now\), defended model \|/m);
    assert.match(found, /^\| Attack success rate \(ASR\), \*estimated\* trigger now \| ≤ 5 %/m);
    assert.match(
      comparisonMarkdown(compareReports(repairedReport(), exampleReport()), labels),
      /^\| Robust accuracy \(estimated trigger before\), defended model \|/m,
    );
  });
});
