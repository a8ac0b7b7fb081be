import assert from 'node:assert/strict';
import { configHints } from '../../../../server/language/config/hints';
import { configHover } from '../../../../server/language/config/hover';
import { configLenses } from '../../../../server/language/config/lenses';
import { modelHover } from '../../../../server/language/model/hover';
import { modelLenses } from '../../../../server/language/model/lenses';
import { scanConfigDiagnostics, scanModelDiagnostics } from '../../../../server/language/scan/diagnostics';
import type { LastScan } from '../../../../server/language/scan/state';
import { scanTitle } from '../../../../server/language/scan/text';
import type { ScanResult } from '../../../../server/protocol/report/scan';
import { quietScan, scanOf, suspiciousScan } from '../../../fixtures/scan-result';
import { asModel, configOf, configWith, goodFacts, marked, SIMPLE_CNN, URI } from '../support';
import { SCAN_URI, MODEL_URI, model, last, markdown } from './support';

/** Two classes with small masks. */
const twoClasses = (): ScanResult => scanOf([6.4, 81.2, 5.3, 66.8, 71.9, 58.4, 74.6, 68.7, 112.5, 91.3]);

describe('a scan, on model and config', () => {
  it('warns at the layer whose units are the classes, and leads to the class in the result', () => {
    const found = last();
    const [warning, ...rest] = scanModelDiagnostics(asModel(model), SIMPLE_CNN.classifier, found);
    assert.deepEqual(rest, []);
    assert.deepEqual(
      [warning!.code, warning!.severity, model.getText(warning!.range)],
      ['scan.suspicious', 2, '"dense_1"'],
    );
    assert.equal(warning!.message, found.report.scan.sentence);
    const [related, ...others] = warning!.relatedInformation!;
    assert.deepEqual(others, []);
    assert.equal(related!.location.uri, SCAN_URI);
    assert.match(
      related!.message,
      /^Class 0: a mask of 4\.0 pixels sends 99\.1 % of 1,352 other images to it; anomaly index [\d.]+, 0\.09 of the median\.$/,
    );
    const { start } = related!.location.range;
    const { document } = found.text;
    const before = document.getText().slice(0, document.offsetAt(start));
    assert.equal(before.match(/"anomalyIndex"/g), null, 'the place is not that of the first class');
  });

  it('warns at the target, kind or trigger of the config, or at its top', () => {
    for (const more of [
      '"trigger": { "kind": "patch", "target": «0» }',
      '"trigger": «"inverted"»',
      '"trigger": { "kind": «"inverted"» }',
      '"trigger": «null»',
    ]) {
      const { text, range } = marked(configWith(more));
      assert.deepEqual(
        scanConfigDiagnostics(configOf(text), last()).map((d) => [d.code, d.severity, d.range]),
        [['scan.suspicious', 2, range]],
      );
    }
    const [top] = scanConfigDiagnostics(configOf(configWith()), last());
    assert.deepEqual(top!.range, { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } });
  });

  it('says whether the trigger that is known explains what was found', () => {
    const message = (target: number, scan = suspiciousScan()) =>
      scanConfigDiagnostics(configOf(configWith(`"trigger": { "kind": "patch", "target": ${target} }`)), last(scan))[0]!
        .message;
    assert.match(String(message(0)), / It is the target class of the trigger in this config\.$/);
    assert.match(String(message(3)), / has the target class 3, which does not explain class 0\.$/);
    assert.match(String(message(0, twoClasses())), / has the target class 0, which does not explain class 2\.$/);
  });

  it('has no diagnostic for nothing found, or for another model than it scanned; other clean images change nothing', () => {
    const config = configOf(configWith());
    for (const scan of [
      last(quietScan()),
      last(suspiciousScan(), ['the model']),
      last(suspiciousScan(), ['the config (data.mean)', 'the data']),
    ]) {
      assert.deepEqual(
        [...scanModelDiagnostics(asModel(model), SIMPLE_CNN.classifier, scan), ...scanConfigDiagnostics(config, scan)],
        [],
      );
    }
    assert.equal(
      scanModelDiagnostics(asModel(model), SIMPLE_CNN.classifier, last(suspiciousScan(), ['the data'])).length,
      1,
    );
  });

  it('never says that a model is clean', () => {
    const scan = last(quietScan());
    const words = [
      scanTitle(scan.report.scan),
      markdown(modelHover(model, SIMPLE_CNN, at('dense_1'), undefined, scan)),
      scan.report.scan.sentence,
    ].join(' ');
    assert.match(words, /Nothing found/);
    assert.match(words, /Tried: trigger inversion for all 10 classes/);
    assert.doesNotMatch(words.replaceAll('clean images', ''), /\bclean\b/i);
  });

  it('offers a scan, then leads to its result; a stale one is offered again, with the reason', () => {
    const titles = (scan?: LastScan) =>
      configLenses(configOf(configWith()), goodFacts(), { scan }).map(({ command }) => [
        command!.title,
        command!.command,
        command!.arguments?.[0] as unknown,
      ])[2];
    assert.deepEqual(titles(), ['Scan for Backdoors', 'finePrune.scan', URI]);
    assert.deepEqual(titles(last()), ['Suspicious: class 0', 'finePrune.openScan', SCAN_URI]);
    assert.deepEqual(titles(last(twoClasses())), ['Suspicious: classes 2, 0', 'finePrune.openScan', SCAN_URI]);
    assert.deepEqual(titles(last(quietScan())), ['Nothing found', 'finePrune.openScan', SCAN_URI]);
    assert.deepEqual(titles(last(suspiciousScan(), ['the model'])), ['Scan for Backdoors', 'finePrune.scan', URI]);
    const stale = modelLenses(asModel(model), SIMPLE_CNN, {
      plan: { layer: null, ratio: 0.2 },
      scan: last(suspiciousScan(), ['the model']),
    }).at(-1);
    assert.deepEqual(
      [stale!.command!.arguments, stale!.command!.tooltip],
      [[MODEL_URI], 'Stale: the model changed since this scan. Scan again to update it.'],
    );
    const [, scanned] = modelLenses(asModel(model), SIMPLE_CNN, {
      plan: { layer: null, ratio: 0.2, configUri: 'file:///w/c' },
      scanning: {
        state: 'running',
        title: 'Searching for a trigger for each class · smallest mask so far: class 0',
        overall: 0.61,
      },
    });
    assert.deepEqual(
      [scanned!.command!.title, scanned!.command!.command],
      ['$(sync~spin) Searching for a trigger for each class (61 %)', ''],
    );
  });

  const at = (name: string) => model.positionAt(model.getText().indexOf(`"name":"${name}"`) + 9);

  it('shows mask and trigger of the suspicious class as pictures in hovers of model and config, and of no other', () => {
    const ofModel = markdown(modelHover(model, SIMPLE_CNN, at('dense_1'), undefined, last()));
    assert.match(
      ofModel,
      /\*\*Suspicious: class 0\*\* · estimated trigger\n\n!\[mask of class 0\]\(data:image\/png;base64,[\w+/=]+\) !\[estimated trigger of class 0 on grey\]\(data:image/,
    );
    assert.match(ofModel, /Class 0: a mask of 4\.0 pixels sends 99\.1 % of/);
    assert.doesNotMatch(markdown(modelHover(model, SIMPLE_CNN, at('dense'), undefined, last())), /data:image/);
    assert.doesNotMatch(
      markdown(modelHover(model, SIMPLE_CNN, at('dense_1'), undefined, last(suspiciousScan(), ['the model']))),
      /data:image|Suspicious/,
    );
    const config = configOf(
      configWith('"trigger": { "kind": "patch", "target": 0, "value": 1 },\n  "strategy": "guided"'),
    );
    const text = (word: string, scan = last()) =>
      markdown(
        configHover(config, goodFacts(), config.document.positionAt(config.document.getText().indexOf(word) + 2), {
          scan,
        }),
      );
    for (const word of ['"trigger"', '"kind"', '"target"', '"strategy"', '"guided"'])
      assert.match(text(word), /Suspicious: class 0.*data:image\/png/s, word);
    for (const word of ['"value"', '"model"']) assert.doesNotMatch(text(word), /data:image/, word);
    assert.doesNotMatch(text('"trigger"', last(quietScan())), /data:image|Nothing found/);
  });

  it('says in a hint what would be estimated', () => {
    const hint = (scan?: LastScan) =>
      configHints(configOf(configWith('"trigger": "inverted"')), goodFacts(), scan).find(
        ({ position }) => position.line === 6,
      )!.label;
    assert.equal(hint(last()), 'estimated · Suspicious: class 0');
    assert.equal(hint(last(quietScan())), 'no suspicious class in the last scan');
    assert.equal(hint(last(suspiciousScan(), ['the model'])), 'estimated from the model');
    const many = { ...suspiciousScan(), flagged: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };
    assert.ok(String(hint(last(many))).length <= 43);
  });
});
