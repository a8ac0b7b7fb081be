import assert from 'node:assert/strict';
import { reviewedIssues } from '../../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import type { DefenseReview } from '../../../../server/protocol/report/review';
import { parseFromReport, parseReportPageState, parseToReport } from '../../../../server/protocol/messages/report-view';
import { lastOf, reportOf } from '../../../fixtures/run-settings';
import { example, decisionOn } from '../../webview/report-support';

const viewOf = (report: DefenseReport, review: DefenseReview | null = null) => ({
  type: 'view' as const,
  name: 'mnist-badnets',
  view: { report, issues: reviewedIssues(report, review, '2026-02-01'), changed: null as string[] | null },
  local: true,
  trusted: true,
});

describe('messages of the report page', () => {
  it('takes a real report with its decisions, as it is', () => {
    const report = example();
    const message = viewOf(report, decisionOn(report, { expires: '2030-01-01' }));
    assert.deepEqual(parseToReport(structuredClone(message)), message);
  });

  it('takes its other messages', () => {
    for (const message of [
      { type: 'broken', name: 'x', failure: { kind: 'input', code: 'c', message: 'm' } },
      { type: 'told', message: 'Saved.', failed: false },
    ])
      assert.deepEqual(parseToReport(message), message);
    for (const message of [
      { type: 'ready' },
      { type: 'inspect', layer: 'dense_1', unit: 3 },
      { type: 'inspect', layer: 'dense_1' },
      { type: 'accept', issue: 'gate.maxAccuracyDrop' },
      { type: 'accept', issue: 'no-holdout' },
      { type: 'command', command: 'compare' },
      { type: 'export', name: 'curve', format: 'csv', content: new Uint8Array(3) },
    ])
      assert.deepEqual(parseFromReport(message), message);
  });

  const spoilt: [string, RegExp, (report: DefenseReport) => void][] = [
    [
      'a share above 1',
      /view\.report\.stages\.after\.cleanAccuracy\.rate/,
      (r) => (r.stages.after.cleanAccuracy.rate = 1.5),
    ],
    ['a figure that is no number', /cleanMean/, (r) => (r.layer.activations[3]!.cleanMean = NaN)],
    ['a count that is none', /confusion/, (r) => (r.confusion.before.clean.correct[2] = -1)],
    [
      'a matrix that is not square',
      /confusion\.before\.clean\.correct: has 9 entries; 10 were expected, one count per class/,
      (r) => r.confusion.before.clean.correct.pop(),
    ],
    [
      'a stage of other classes',
      /confusion\.after\.clean\.of: .*one count per class/,
      (r) => r.confusion.after.clean.of.pop(),
    ],
    [
      'activations that are not one a unit',
      /layer\.activations: .*one entry per unit/,
      (r) => r.layer.activations.pop(),
    ],
    [
      'a pruned unit beyond the last',
      /pruning\.units\.0: is 128; a whole number from 0 to 127/,
      (r) => (r.pruning.units[0] = 128),
    ],
    [
      'a unit pruned twice',
      /pruning\.units\.1: names unit \d+ a second time/,
      (r) => (r.pruning.units[0] = r.pruning.units[1]!),
    ],
    [
      'more hits than images',
      /curve\.points\.0\.correct: is 10001; a whole number from 0 to 10000/,
      (r) => (r.curve.points[0]!.correct = 10_001),
    ],
    ['a verdict of another version', /verdict\.word/, (r) => Object.assign(r.verdict, { word: 'fine' })],
    ['a finding of another version', /findings\.0\.id/, (r) => Object.assign(r.findings[0]!, { id: 'constructor' })],
    ['a sentence of a megabyte', /verdict\.sentence/, (r) => (r.verdict.sentence = 'x'.repeat(1 << 20))],
    ['a schema of another version', /schemaVersion/, (r) => Object.assign(r, { schemaVersion: 1 })],
    [
      'more layers than there can be',
      /fineTuning\.frozen/,
      (r) => (r.fineTuning.frozen = Array<string>(10_001).fill('a')),
    ],
  ];
  for (const [what, message, spoil] of spoilt) {
    it(`refuses ${what}`, () => {
      const view = viewOf(example());
      spoil(view.view.report);
      assert.throws(() => parseToReport(view), message);
    });
  }

  it('refuses what a page has no business to send', () => {
    for (const message of [
      { type: 'command', command: 'workbench.action.terminal.new' },
      { type: 'inspect', layer: 'a', unit: 65_536 },
      { type: 'inspect', layer: 7 },
      { type: 'accept', issue: '__proto__' },
      { type: 'accept', issue: 'gate.maxEverything' },
      { type: 'export', name: 'a', format: 'exe', content: new Uint8Array(1) },
      { type: 'export', name: 'a', format: 'csv', content: [1, 2] },
      { type: 'fault', message: 'x'.repeat(70_000) },
      null,
      'ready',
    ])
      assert.throws(() => parseFromReport(message), TypeError);
  });

  it('keeps its state, and none of another version', () => {
    const kept = { version: 1, open: ['confusion'], scroll: 1200 };
    assert.deepEqual(parseReportPageState(kept), kept);
    assert.throws(() => parseReportPageState({ ...kept, version: 2 }), /version/);
    assert.throws(() => parseReportPageState({ ...kept, scroll: -1 }), /scroll/);
  });
});

describe('a report with settings that its config has not, in a message', () => {
  const last = lastOf(reportOf({ strategy: 'auto', seed: 5 }));

  it('reaches the page that draws it', () => {
    const view = { report: last.report, issues: [], changed: [], settings: [...last.settings!] };
    const message = { type: 'view' as const, name: 'demo', view, local: true, trusted: true };
    assert.deepEqual(parseToReport(structuredClone(message)), message);
    assert.throws(() => parseToReport({ ...message, view: { ...view, settings: [{ path: 1 }] } }), /settings/);
  });
});
