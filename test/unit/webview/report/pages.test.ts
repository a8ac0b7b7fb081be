import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compareReports } from '../../../../server/engine/report/compare/compare';
import { readReport } from '../../../../server/engine/report/json/read-report';
import { issueFingerprint, reviewedIssues } from '../../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import type { Decision, DefenseReview } from '../../../../server/protocol/report/review';
import { curvesTable, prunedAt } from '../../../../webview/compare/curves-chart';
import {
  changeSign,
  directionSign,
  findingsInOrder,
  limitSign,
  settingText,
  unitsText,
} from '../../../../webview/compare/words';
import { parseComparePageState, parseFromCompare, parseToCompare } from '../../../../webview/messages/compare';
import { parseFromReport, parseReportPageState, parseToReport } from '../../../../webview/messages/report';
import { curvePoints, heatOf, layerUnits, shownClasses, offCurve } from '../../../../webview/report/derive';
import {
  answers,
  decisionText,
  figure,
  gateShare,
  gateSign,
  hitsText,
  intervalText,
  pairedText,
  staleText,
  verdictSign,
} from '../../../../webview/report/words';
import { repairedReport } from '../../../fixtures/repaired-report';
import { projectRoot } from '../../../harness/install';
import { limitWords, list, pWords, points } from '../../../../server/protocol/words';

const file = path.join(projectRoot, 'examples/mnist-badnets/mnist-badnets.defense.json');
const example = (): DefenseReport => readReport(readFileSync(file, 'utf8'), file);

function decisionOn(report: DefenseReport, change: Partial<Decision> = {}): DefenseReview {
  const finding = report.findings[0]!.id;
  const decision: Decision = {
    finding,
    decision: 'accept',
    reason: 'Known.',
    author: 'Ada <ada@example.org>',
    date: '2026-01-05',
    fingerprint: issueFingerprint(report, finding),
    ...change,
  };
  return { schemaVersion: 1, decisions: [decision] };
}

const viewOf = (report: DefenseReport, review: DefenseReview | null = null) => ({
  type: 'view' as const,
  name: 'mnist-badnets',
  view: { report, issues: reviewedIssues(report, review, '2026-02-01'), changed: null as string[] | null },
  local: true,
  trusted: true,
});
const state = { version: 1 as const, base: { uri: 'git:/a', label: 'HEAD' }, head: null };
const comparisonOf = (base: DefenseReport | null, head: DefenseReport | null) => ({
  type: 'comparison' as const,
  state,
  name: 'mnist-badnets',
  labels: { base: 'HEAD', head: 'working tree' },
  comparison: compareReports(base, head),
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
    ['a count that is none', /confusion/, (r) => (r.stages.before.confusion[2]![1] = -1)],
    ['a matrix that is not square', /square/, (r) => r.stages.before.confusion[2]!.pop()],
    ['rates that are not one a class', /one a class/, (r) => r.stages.after.perClass.pop()],
    ['activations that are not one a unit', /one a unit/, (r) => r.layer.activations.pop()],
    ['a pruned unit beyond the last', /beyond the last/, (r) => (r.pruning.units[0] = 128)],
    ['a unit pruned twice', /twice/, (r) => (r.pruning.units[0] = r.pruning.units[1]!)],
    ['more hits than images', /more hits than images/, (r) => (r.curve.points[0]!.correct = 10_001)],
    ['a verdict of another version', /verdict\.word/, (r) => Object.assign(r.verdict, { word: 'fine' })],
    ['a finding of another version', /findings\.0\.id/, (r) => Object.assign(r.findings[0]!, { id: 'constructor' })],
    ['a sentence of a megabyte', /verdict\.sentence/, (r) => (r.verdict.sentence = 'x'.repeat(1 << 20))],
    ['a schema of another version', /schemaVersion/, (r) => Object.assign(r, { schemaVersion: 2 })],
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

describe('messages of the comparison page', () => {
  it('takes a real comparison, of two reports and of one', () => {
    const [base, head] = [example(), example()];
    head.provenance.config.trigger = null;
    head.provenance.config.fineTune.epochs = 5;
    for (const message of [
      comparisonOf(base, head),
      comparisonOf(null, head),
      comparisonOf(base, null),
      comparisonOf(base, repairedReport('known')),
      comparisonOf(repairedReport(), null),
    ])
      assert.deepEqual(parseToCompare(structuredClone(message)), message);
  });

  it('refuses values that are no settings', () => {
    const message = comparisonOf(example(), example());
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    for (const base of [Infinity, 'x'.repeat(70_000), nested(20), Array<number>(300_000).fill(1), undefined]) {
      message.comparison.settings = [{ path: 'seed', base, head: 1 }];
      assert.throws(() => parseToCompare(message), /settings\.0\.base/);
    }
    message.comparison.settings = [{ path: 'data.mean', base: [0.5, 0.5], head: null }];
    assert.deepEqual(parseToCompare(message), message);
  });

  it('refuses a side that is no report, and one that is no side', () => {
    const message = comparisonOf(example(), example());
    Object.assign(message.comparison.base!.gates[0]!, { limit: 'none' });
    assert.throws(() => parseToCompare(message), /comparison\.base\.gates\.0\.limit/);
    assert.throws(() => parseFromCompare({ type: 'open', side: 'both' }), /side/);
    assert.throws(() => parseFromCompare({ type: 'command', command: 'run' }), /command/);
    assert.deepEqual(parseFromCompare({ type: 'open', side: 'base' }), { type: 'open', side: 'base' });
  });

  it('keeps its state', () => {
    assert.deepEqual(parseComparePageState(state), state);
    assert.throws(() => parseComparePageState({ ...state, base: { uri: 7, label: 'a' } }), /base\.uri/);
  });
});

describe('words of the report page', () => {
  it('writes figures with two decimals and never rounds to all or nothing', () => {
    assert.deepEqual([0, 1, 0.98891, 0.999999, 0.0000001].map(figure), [
      '0 %',
      '100 %',
      '98.89 %',
      '99.99 %',
      '0.01 %',
    ]);
    assert.deepEqual([0.0021, -0.0825, 0, 0.01, -0.000001].map(points), [
      '+0.21 points',
      '−8.25 points',
      '0 points',
      '+1 point',
      '−0.0001 points',
    ]);
    assert.equal(limitWords(0.07), '7 %');
    const rate = { rate: 0.9889, hits: 9889, of: 10_000, low: 0.98667, high: 0.99077 };
    assert.equal(intervalText(rate), '98.67 – 99.08 %');
    assert.equal(hitsText(rate), '9,889 of 10,000');
    assert.deepEqual([0.034567, 1e-9, 1].map(pWords), ['p = 0.035', 'p < 0.0001', 'p = 1']);
  });

  it('names the outcome of paired images by the test', () => {
    assert.equal(
      pairedText({ onlyBefore: 744, onlyAfter: 0, pValue: 1e-200 }, 'attacks'),
      '744 attacks stopped, 0 new: beyond noise (p < 0.0001)',
    );
    assert.equal(
      pairedText({ onlyBefore: 5, onlyAfter: 6, pValue: 1 }, 'right'),
      '6 images gained, 5 lost: within noise (p = 1)',
    );
    assert.equal(pairedText({ onlyBefore: 0, onlyAfter: 0, pValue: 1 }, 'right'), 'same on every image');
  });

  it('answers the three questions of a reviewer', () => {
    const [gone, cost, evidence] = answers(example());
    assert.deepEqual(
      [gone!.icon, gone!.answer, gone!.detail],
      ['error', 'ASR 99.8 % → 91.6 %', 'At most 92.1 % with 95 % confidence; limit 5 %.'],
    );
    assert.deepEqual(
      [cost!.icon, cost!.answer, cost!.detail],
      ['pass', 'Clean accuracy 98.9 % → 99.1 %', '+0.21 points; it may fall by 1 point.'],
    );
    assert.equal(evidence!.answer, 'Measured on 10,000 clean and 9,020 triggered test images');
    assert.match(evidence!.detail, /^Known patch trigger, target class 0; native engine, .*seed 0\.$/);
  });

  it('claims nothing without a trigger, nor of a model that was not repaired', () => {
    const report = example();
    report.repaired = false;
    assert.deepEqual(
      answers(report)
        .map(({ icon }) => icon)
        .slice(0, 2),
      ['question', 'question'],
    );
    report.trigger = null;
    for (const stage of Object.values(report.stages)) stage.attackSuccessRate = stage.robustAccuracy = null;
    const [gone, , evidence] = answers(report);
    assert.equal(gone!.answer, 'Not measured');
    assert.equal(evidence!.icon, 'warning');
    assert.match(evidence!.detail, /^No trigger;/);
  });

  it('says whether a gate is met, and calls a gain a gain', () => {
    const [asr, drop] = example().gates;
    assert.deepEqual(gateSign(asr!, false), { icon: 'error', text: 'Missed' });
    assert.deepEqual(gateSign(asr!, true), { icon: 'error', text: 'Missed, accepted' });
    assert.deepEqual(gateSign(drop!, false), { icon: 'pass', text: 'Met' });
    assert.equal(gateShare('maxAccuracyDrop', -0.0021), '0.21 points gained');
    assert.equal(gateShare('maxAccuracyDrop', 0.03), '3 points');
    assert.equal(gateShare('maxAttackSuccessRate', null), 'not measured');
    assert.equal(verdictSign('mitigated, estimated trigger only').icon, 'warning');
  });

  it('says what a decision means now', () => {
    const report = example();
    const told = (change: Partial<Decision>): string =>
      decisionText(
        reviewedIssues(report, decisionOn(report, change), '2026-02-01').find(
          ({ id }) => id === report.findings[0]!.id,
        )!,
      )!.text;
    assert.equal(told({ expires: '2030-01-01' }), 'Accepted by Ada <ada@example.org> on 2026-01-05, until 2030-01-01');
    assert.equal(
      told({ expires: '2026-01-31' }),
      'No longer accepted: the decision by Ada <ada@example.org> on 2026-01-05 ended on 2026-01-31',
    );
    assert.match(
      told({ fingerprint: '0'.repeat(16) }),
      /^No longer accepted: figures or model are not those of the decision/,
    );
    assert.equal(decisionText(reviewedIssues(report, null, '2026-02-01')[0]!), null);
  });

  it('names what made it stale', () => {
    assert.match(staleText(['the model', 'fineTune.epochs'])!, /stale: the model and fineTune\.epochs changed/);
    assert.equal(staleText([]), null);
    assert.equal(staleText(null), null);
    assert.equal(list(['a', 'b', 'c'], 2), 'a, b and 1 more');
  });
});

describe('what the report page draws', () => {
  it('orders the curve and takes each number once', () => {
    const curve = example().curve;
    curve.points = [curve.points[5]!, curve.points[0]!, curve.points[5]!];
    const made = curvePoints(curve)!;
    assert.deepEqual([...made.pruned], [0, 5]);
    assert.equal(made.clean[0], 0.9889);
    assert.equal(made.attack![0], 9002 / 9020);
    assert.equal(curvePoints({ ...curve, images: 0 }), null);
    assert.equal(curvePoints({ ...curve, triggeredImages: null })!.attack, null);
  });

  it('puts pruned units first, then the rest by the rule', () => {
    const report = example();
    report.pruning.units = [7, 3];
    const { order, pruned, dead, clean } = layerUnits(report);
    assert.deepEqual([...order.slice(0, 2)], [7, 3]);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from({ length: 128 }, (_, i) => i),
    );
    const rest = [...order.slice(2)].map((unit) => clean[unit]!);
    assert.ok(
      rest.every((mean, i) => i === 0 || mean >= rest[i - 1]!),
      'ascending',
    );
    assert.equal(pruned[3], 1);
    assert.equal(
      dead.reduce((sum, flag) => sum + flag, 0),
      32,
    );
  });

  it('shows all of a few classes, and of many those with the most errors and the target', () => {
    const { stages } = example();
    assert.deepEqual(
      shownClasses([stages.before], 40, 0),
      Array.from({ length: 10 }, (_, i) => i),
    );
    const confusion = Array.from({ length: 6 }, (_, i) => Array.from({ length: 6 }, (_, j) => Number(i === j) * 100));
    confusion[4]![2] = 9;
    confusion[1]![4] = 3;
    const stage = { ...stages.before, confusion, triggeredConfusion: null };
    assert.deepEqual(shownClasses([stage], 3, 5), [2, 4, 5]);
    assert.deepEqual(shownClasses([stage], 3, null), [1, 2, 4]);
  });

  it('shades a cell by its share of the row', () => {
    assert.deepEqual([3, 1, 0].map(heatOf(4)), [0.75, 0.25, 0]);
    assert.equal(heatOf(0)(0), 0);
  });
});

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

  it('marks units that a config named where they were measured, not on the curve of the rule', () => {
    const report = example();
    const points = curvePoints(report.curve)!;
    const side = { side: 'head', points, units: 128, chosen: report.pruning.count } as const;
    assert.equal(offCurve(report), undefined);
    assert.equal(prunedAt(side).clean, points.clean[25]);
    report.pruning.ratio = null;
    report.stages.pruned.cleanAccuracy.rate = 0.9306;
    report.stages.pruned.attackSuccessRate!.rate = 0.1624;
    assert.deepEqual(prunedAt({ ...side, offCurve: offCurve(report) }), { clean: 0.9306, attack: 0.1624 });
    report.stages.pruned.attackSuccessRate = null;
    assert.deepEqual(offCurve(report), { clean: 0.9306, attack: null });
    assert.equal(
      offCurve({ ...report, pruning: { ...report.pruning, count: 0, units: [] } }),
      undefined,
      'nothing was repaired',
    );
  });

  it('lays both curves into one table', () => {
    const side = (name: 'base' | 'head', pruned: number[]) => ({
      side: name,
      units: 4,
      chosen: 1,
      points: { pruned: Int32Array.from(pruned), clean: Float64Array.from(pruned, (n) => 1 - n / 4), attack: null },
    });
    const table = curvesTable([side('base', [0, 2]), side('head', [0, 1])]);
    assert.deepEqual(
      table.columns.map(({ label }) => label),
      ['Units pruned', 'Clean accuracy, base', 'Clean accuracy, head'],
    );
    assert.deepEqual(
      Array.from({ length: table.rows }, (_, row) => [0, 1, 2].map((column) => table.cell(row, column))),
      [
        [0, 1, 1],
        [1, null, 0.75],
        [2, 0.5, null],
      ],
    );
  });
});
