import { suspectedClasses } from '../../../../../server/protocol/report/scan';
import assert from 'node:assert/strict';
import {
  inversionFacts,
  inversionText,
  limitsText,
  shownMasks,
  sourceText,
} from '../../../../../webview/inspector/words/scan';
import { repairedReport } from '../../../../fixtures/repaired-report';
import { masksOf } from '../../../../fixtures/scan-result';

describe('the inspector’s words on a scan', () => {
  it('say what a scan found class by class, smallest mask first', () => {
    const scan = repairedReport('known').scan!;
    const shown = shownMasks(scan, 40);
    assert.ok(shown.length > 1 && shown.every((one, i) => i === 0 || one.screened >= shown[i - 1]!.screened));
    assert.equal(shown[0]!.target, suspectedClasses(scan)[0]);
    assert.ok(
      shownMasks(scan, 2).some(({ flagged }) => flagged),
      'where not all are shown, a suspicious one is',
    );
    const [figures, compared] = inversionFacts(shown[0]!);
    assert.match(figures, /^[\d.]+ pixels, success [\d.]+ %$/);
    assert.match(compared, /^0\.\d\d of median, index [\d.]+$/);
    assert.match(inversionText(shown[0]!), /^suspicious, .* other images to it; .* anomaly index/);
    assert.match(inversionFacts({ ...shown[0]!, anomalyIndex: -1.25 })[1], /index −1\.[23]$/);
    assert.ok(
      limitsText(scan).startsWith(
        `Suspicious: an anomaly index above ${masksOf(scan).limits.index}, a mask below ${masksOf(scan).limits.share} of the median (`,
      ),
    );
    assert.deepEqual(
      [sourceText({ source: 'file', file: 'a.scan.json' }), sourceText({ source: 'report', file: null })],
      ['From a.scan.json.', 'Made by the run that wrote the report.'],
    );
  });
});
