import assert from 'node:assert/strict';
import { painter } from '../../../server/cli/output/paint';
import { plotCurve } from '../../../server/cli/output/plot';
import { clock, describeProgress, TimeLeft } from '../../../server/cli/output/progress';
import { percent, summarize, wrap } from '../../../server/cli/output/summary';
import { repairedReport } from '../../fixtures/repaired-report';
import { referenceReport } from '../../fixtures/report';

const FILES = {
  report: 'out/mnist-badnets.defense.json',
  markdown: 'out/mnist-badnets.defense.md',
  model: 'out/mnist-badnets.defended/model.json',
};
const WHY =
  'Native is installed and passed its self-test: TensorFlow 2.21.0 in the cache, made from the pinned tensorflow-cpu wheel.';
const ANSI = /\u001b\[\d+m/g;

describe('summary of a run', () => {
  const text = summarize(referenceReport(), { files: FILES, backendWhy: WHY });
  const lines = text.split('\n');

  it('fits a screen of 24 lines and 80 columns', () => {
    assert.ok(lines.length < 24, `${lines.length} lines`);
    for (const line of lines) assert.ok(line.length < 80, `${line.length} columns: ${line}`);
  });

  it('begins with the verdict and its figures', () => {
    assert.match(lines[0] ?? '', /^NOT MITIGATED: The backdoor is still there/);
  });

  it('shows the three figures at the three stages, with their intervals', () => {
    const row = (name: string): string => lines.find((line) => line.startsWith(name)) ?? '';
    assert.match(row('Clean accuracy'), /98\.87 \(98\.64–99\.06\).*98\.86 \(.*98\.99 \(/);
    assert.match(row('ASR'), /99\.98 \(99\.92–99\.99\).*99\.98 \(.*93\.34 \(/);
    assert.match(row('Robust accuracy'), /0\.02 \(0\.01–0\.08\).*0\.02 \(.*6\.54 \(/);
  });

  it('says which gate was missed, and that it is judged by the upper bound', () => {
    assert.match(text, /ASR ≤ 5 % MISSED \(up to 93\.84 %\); accuracy drop ≤ 1 % met \(-0\.12 %\)/);
  });

  it('says how many were pruned and how many of them were dead', () => {
    assert.match(text, /25 of 128 neurons in dense_1, 21 dead anyway/);
  });

  it('says that units were named, and marks none on a curve that follows the rule', () => {
    const report = referenceReport();
    Object.assign(report.pruning, { ratio: null, count: 3, units: [4, 9, 70], dead: 0 });
    const shown = summarize(report, { files: FILES });
    assert.match(shown, /^Pruned {2}3 of 128 neurons in dense_1, named in the config, 0 dead anyway/m);
    assert.doesNotMatch(shown, /▲/);
    assert.match(shown, /^ {7}0 +in the rule's order; named units not marked +128$/m);
    for (const columns of [60, 100])
      assert.match(
        summarize(report, { files: FILES, columns }),
        /0 +in the rule's order; named units not marked +128$/m,
      );
  });

  it('shows the most serious findings and counts those that it has no room for', () => {
    assert.match(text, /21 of the 25 neurons pruned/);
    assert.match(text, /Fine-tuning did the work, not pruning/);
    assert.match(text, /… and 1 more finding in the report/);
  });

  it('names the files and the engine, and the reason where it is not the fast one', () => {
    assert.ok(lines.includes(`Report  ${FILES.report} (and .md)`));
    assert.ok(lines.includes(`Model   ${FILES.model}`));
    assert.match(lines.at(-1) ?? '', /^Engine {2}native, TensorFlow 2\.21\.0/);
    const report = referenceReport();
    const onWasm = { ...report, provenance: { ...report.provenance, backend: 'wasm' as const } };
    assert.match(
      summarize(onWasm, { files: FILES, backendWhy: 'WASM runs because no native engine is installed.' })
        .split('\n')
        .at(-1) ?? '',
      /^Engine {2}WASM runs because no native engine is installed\.$/,
    );
  });

  it('is the same text with and without colour', () => {
    const coloured = summarize(referenceReport(), { files: FILES, backendWhy: WHY, colour: true });
    assert.notEqual(coloured, text);
    assert.equal(coloured.replace(ANSI, ''), text);
    assert.doesNotMatch(text, ANSI);
  });

  it('says "not measured" where no trigger is known', () => {
    const report = referenceReport();
    for (const stage of Object.values(report.stages))
      Object.assign(stage, { attackSuccessRate: null, robustAccuracy: null });
    Object.assign(report, { trigger: null, verdict: { word: 'not measurable', sentence: 'No trigger is known.' } });
    report.gates[0] = { id: 'maxAttackSuccessRate', limit: 0.05, measured: null, judged: null, met: false };
    report.curve.triggeredImages = null;
    for (const point of report.curve.points) point.successful = null;
    const shown = summarize(report, { files: FILES });
    assert.match(shown, /^ASR +not measured +not measured +not measured$/m);
    assert.match(shown, /ASR ≤ 5 % MISSED \(not measured\)/);
    assert.doesNotMatch(shown, /•/);
  });

  it('spells out what a name would do to the terminal', () => {
    const report = referenceReport();
    report.layer.name = 'Größe\u001b[2J\u202e+1';
    report.verdict.sentence = 'Layer \u009b31m stays.';
    const shown = summarize(report, { files: FILES });
    assert.match(shown, /neurons in Größe⟨U\+001B⟩\[2J⟨U\+202E⟩\+1/);
    assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('says that nothing was repaired, and names no model', () => {
    const report = Object.assign(referenceReport(), { repaired: false });
    const shown = summarize(report, { files: { report: 'a.defense.json', markdown: 'a.defense.md', model: null } });
    assert.match(shown, /^Pruned {2}nothing: the model was measured, not changed$/m);
    assert.doesNotMatch(shown, /^Model/m);
    assert.match(shown, /^Clean accuracy +98\.87 \([^)]*\) +– +–$/m);
  });
});

describe('summary of a run that scanned and tried repairs', () => {
  const text = summarize(repairedReport(), { files: FILES, backendWhy: WHY });
  const lines = text.split('\n');

  it('fits a screen of 24 lines and 80 columns', () => {
    assert.ok(lines.length < 24, `${lines.length} lines`);
    for (const line of [...lines, ...summarize(repairedReport('known'), { files: FILES }).split('\n')])
      assert.ok(line.length < 80, `${line.length} columns: ${line}`);
  });

  it('has a line for the scans and one for what was tried', () => {
    assert.ok(lines.includes('Scan    suspicious: class 0 (estimated, 4.0 pixels) → repaired: nothing found'), text);
    assert.ok(lines.includes('Tried   fine-pruning, fine-pruning-conv, guided (kept, held-out gates met)'), text);
    const none = repairedReport();
    for (const attempt of none.attempts!) Object.assign(attempt, { chosen: false, met: false });
    assert.match(
      summarize(none, { files: FILES }),
      /^Tried {3}fine-pruning, fine-pruning-conv, guided; none was kept$/m,
    );
  });

  it('says that a strategy pruned nothing', () => {
    const report = repairedReport();
    Object.assign(report.pruning, { count: 0, units: [], dead: 0 });
    assert.match(summarize(report, { files: FILES }), /^Pruned {2}nothing, by guided; 2 epochs × 55,000 images$/m);
  });

  it('says where a figure is on an estimated trigger, and only there', () => {
    assert.match(text, /^ASR, estimated +98\.90/m, 'no room for the class');
    assert.match(text, /^Robust, estim\. +1\.10/m);
    assert.match(text, /^Gates {3}ASR ≤ 5 % MISSED \(0\.23 %, but estimated\);/m);
    assert.match(text, /• ASR \(estimated\) {2}═ both/);
    assert.doesNotMatch(summarize(referenceReport(), { files: FILES }), /estim|^Scan|^Tried/m);
    assert.match(summarize(repairedReport('known'), { files: FILES }), /^ASR \(class 0\) +99\.80/m);
  });
});

describe('pruning curve as text', () => {
  const plain = { height: 9, width: 60, paint: painter(false) };

  it('draws both series so that they differ without colour', () => {
    const rows = plotCurve(referenceReport().curve, 25, plain);
    assert.equal(rows.length, 9 + 2);
    const drawing = rows.slice(0, 9).join('\n');
    assert.match(drawing, /[─╮╰]/);
    assert.match(drawing, /•/);
    assert.match(rows[0] ?? '', /^ ?100 %┤═+/, 'both begin near 100 %, on one another');
    assert.match(rows.at(-1) ?? '', /─ clean accuracy {2}• ASR {2}═ both/);
  });

  it('marks the chosen number at its place on the axis', () => {
    const axis = plotCurve(referenceReport().curve, 64, plain).at(-2) ?? '';
    const columns = 60 - 7;
    assert.equal(axis.indexOf('▲'), 7 + Math.round((64 / 128) * (columns - 1)));
    assert.match(axis, /▲ 64 pruned +128$/);
  });

  it('keeps the mark in its place at the right end', () => {
    const axis = plotCurve(referenceReport().curve, 128, plain).at(-2) ?? '';
    assert.match(axis, /128 pruned ▲$/);
    assert.equal(axis.length, 60);
  });

  it('holds the value between measured points', () => {
    const curve = {
      ...referenceReport().curve,
      points: [
        { pruned: 0, correct: 10_000, successful: 9020 },
        { pruned: 100, correct: 0, successful: 0 },
      ],
    };
    const top = plotCurve(curve, 0, { ...plain, width: 40 })[0] ?? '';
    assert.equal(
      [...top].filter((cell) => cell === '═').length,
      40 - 7 - 1,
      'at 100 % up to where it falls, in the last column but one',
    );
  });
});

describe('figures and lines', () => {
  it('never rounds to all or nothing what is neither', () => {
    assert.equal(percent(0.999999), '99.99 %');
    assert.equal(percent(0.000001), '0.01 %');
    assert.equal(percent(1), '100 %');
    assert.equal(percent(0), '0 %');
    assert.equal(percent(-0.0012), '-0.12 %');
  });

  it('does not break a percentage', () => {
    assert.deepEqual(wrap('it went up to 93.3 % of all', 18), ['it went up to', '93.3 % of all']);
  });

  it('writes times as clocks do', () => {
    assert.equal(clock(62), '1:02');
    assert.equal(clock(3600), '1:00:00');
    assert.equal(clock(0.2), '0:00');
  });

  it('estimates the time left from the first sign of work on', () => {
    const left = new TimeLeft();
    assert.equal(left.seconds(0, 0), null);
    assert.equal(left.seconds(0.1, 60_000), null, 'one point gives no speed');
    assert.equal(left.seconds(0.2, 70_000), 80, '0.1 in 10 s, 0.8 to go');
  });

  it('describes progress with step, rate, time left and loss', () => {
    const line = describeProgress(
      {
        type: 'progress',
        phase: 'fine-tune',
        step: 345,
        total: 1720,
        rate: 28.4,
        overall: 0.5,
        metrics: { loss: 0.0213, accuracy: 0.99 },
      },
      62,
    );
    assert.equal(line, 'Fine-tuning 345/1720 · 28/s · 1:02 left · loss 0.021');
  });
});
