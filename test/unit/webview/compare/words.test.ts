import assert from 'node:assert/strict';
import { compareReports } from '../../../../server/engine/report/compare/compare';
import {
  changeSign,
  directionSign,
  findingsInOrder,
  limitSign,
  settingText,
  unitsText,
} from '../../../../webview/compare/words';
import { example } from '../report-support';

describe('words of the comparison page', () => {
  it('tells new and deleted reports from worse ones', () => {
    const report = example();
    assert.equal(directionSign(compareReports(null, report)).text, 'New report');
    assert.equal(directionSign(compareReports(report, null)).text, 'Deleted report');
    assert.equal(directionSign(compareReports(report, report)).text, 'No change beyond noise');
    assert.equal(changeSign(compareReports(null, report).figures[0]!).text, 'Only in head');
    assert.equal(changeSign(compareReports(report, report).figures[0]!).text, 'Same');
  });

  it('points at a loosened limit', () => {
    const head = example();
    head.gates[0]!.limit = 0.5;
    assert.deepEqual(
      compareReports(example(), head).gates.map((gate) => limitSign(gate)?.text ?? null),
      ['Limit loosened', null],
    );
  });

  it('names units of one layer by side, and warns of two layers', () => {
    const head = example();
    head.pruning.units = [...head.pruning.units.slice(1), 1, 2];
    assert.equal(
      unitsText(compareReports(example(), head).units, false),
      '24 units of dense_1 are pruned in both, 1 only in the base, 2 only in the head.',
    );
    assert.equal(
      unitsText(compareReports(example(), example()).units, false),
      'Both prune the same 25 units of dense_1.',
    );
    head.layer.name = 'other';
    assert.match(
      unitsText(compareReports(example(), head).units, false),
      /^The layers differ: 25 units of dense_1 in the base, 26 units of other in the head\./,
    );
  });

  it('puts changed findings before kept ones and bounds the text of a setting', () => {
    const head = example();
    head.findings = [...head.findings.slice(1), { id: 'no-holdout', severity: 'warning', message: 'x' }];
    assert.deepEqual(
      findingsInOrder(compareReports(example(), head).findings).map(({ change }) => change),
      ['added', 'removed', 'kept', 'kept'],
    );
    assert.deepEqual([null, 'adam', 0.05, [1, 2], { a: 1 }].map(settingText), [
      'not set',
      'adam',
      '0.05',
      '[1,2]',
      '{"a":1}',
    ]);
    assert.match(settingText('x'.repeat(5000)), /^x{400} … \(5,000 characters\)$/);
  });
});
