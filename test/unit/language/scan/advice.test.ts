import assert from 'node:assert/strict';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { configProblems } from '../../../../server/engine/config/read-config';
import { configActions } from '../../../../server/language/config/actions';
import { nodeAt } from '../../../../server/language/text/config-text';
import { fixesOf } from '../../../../server/language/text/problem';
import {
  scanConfigDiagnostics,
  scanModelDiagnostics,
  scanTextDiagnostics,
} from '../../../../server/language/scan/diagnostics';
import type { ScanAdvice, ScanResult } from '../../../../server/protocol/report/scan';
import { suspiciousScan } from '../../../fixtures/scan-result';
import { knownScan, otherPixels, swappedLabels, unknownScan } from '../../../fixtures/scan-report';
import { asModel, configOf, configWith, marked, SIMPLE_CNN, URI } from '../support';
import { last, model } from './support';
import { doubted } from './advice-support';

/** A config with more fields in `data`. */
const withData = (more: string): string => configWith().replace(/("test": .*)\n/, `$1,\n    ${more}\n`);

describe('settings that fit a scan better', () => {
  const diagnose = (text: string, scan: ScanResult, changed: string[] = []) =>
    scanConfigDiagnostics(configOf(text), last(scan, changed));

  it('are a warning at the setting that is other, at the top of the model and at the advice of the result', () => {
    const message = `The scan was made at a clean accuracy of 47.4 %. ${otherPixels(250).sentence}`;
    for (const more of ['"mean": «0.1307», "std": 0.3081', '"std": «0.3081»', '"scale": «1»']) {
      const { text, range } = marked(withData(more));
      assert.deepEqual(
        diagnose(text, doubted()).map(({ code, severity, range: place, message: said }) => [
          code,
          severity,
          place,
          said,
        ]),
        [['scan.settings', 2, range, message]],
      );
    }
    const { text, range } = marked(configWith().replace('"data"', '«"data"»'));
    assert.deepEqual(diagnose(text, doubted())[0]!.range, range);
    const [ofModel, ...rest] = scanModelDiagnostics(asModel(model), SIMPLE_CNN.classifier, last(doubted()));
    assert.deepEqual(
      [rest, ofModel!.code, ofModel!.message, ofModel!.range.start.line],
      [[], 'scan.settings', message, 0],
    );
    const result = last(doubted());
    assert.deepEqual(
      scanTextDiagnostics(result.text, result.report, []).map((d) => [
        d.code,
        result.text.document.getText(d.range).replace(/:.*/s, ''),
      ]),
      [['scan.settings', '"advice"']],
    );
  });

  it('stand beside a suspicious class, and go where the model or the data are no longer those of the scan', () => {
    const scan = knownScan(suspiciousScan(), 900, otherPixels(250));
    assert.deepEqual(
      diagnose(configWith(), scan).map(({ code }) => code),
      ['scan.suspicious', 'scan.settings'],
    );
    assert.deepEqual(
      diagnose(configWith(), scan, ['the data']).map(({ code }) => code),
      ['scan.suspicious'],
    );
    assert.deepEqual(diagnose(configWith(), scan, ['the config (data.mean)']), []);
    assert.deepEqual(diagnose(configWith(), knownScan()), [], 'nothing fits better');
  });

  function fixed(text: string, advice = otherPixels(250)): string {
    const [warning] = diagnose(text, doubted(advice));
    const [action, ...others] = configActions(URI, [warning!]);
    assert.deepEqual([others, action!.title], [[], 'Use pixels from -1 to 1']);
    const after = TextDocument.applyEdits(TextDocument.create(URI, 'fineprune', 1, text), action!.edit!.changes![URI]!);
    assert.deepEqual(configProblems(after), [], after);
    return after;
  }
  const pixels = (text: string) =>
    ['scale', 'mean', 'std']
      .map((name) => nodeAt(configOf(text), ['data', name]))
      .map(
        (node) =>
          node &&
          configOf(text)
            .document.getText()
            .slice(node.offset, node.offset + node.length),
      );

  it('are written into data by a quick fix: mean and std, and scale where it is not the default', () => {
    assert.deepEqual(pixels(fixed(configWith())), [undefined, '0.5', '0.5']);
    assert.deepEqual(pixels(fixed(withData('"scale": 1, "mean": 0.1307, "std": 0.3081'))), [
      '0.00392156862745098',
      '0.5',
      '0.5',
    ]);
    assert.deepEqual(pixels(fixed(configWith(), otherPixels(250, { scale: 1 }))), ['1', '0.5', '0.5']);
    const channels = otherPixels(250, { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] });
    assert.deepEqual(pixels(fixed(withData('"mean": [0, 0, 0]'), channels)), [
      undefined,
      '[0.49, 0.48, 0.45]',
      '[0.25, 0.24, 0.26]',
    ]);
    const commented = withData('"mean": 0.1307, // of MNIST\n    "std": 0.3081 // as well');
    assert.equal(
      fixed(commented),
      commented.replace('0.1307', '0.5').replace('0.3081', '0.5'),
      'more than the two numbers changed',
    );
  });

  it('have no quick fix where no setting does it, where the config has them already, or where it is broken', () => {
    const fixes = (text: string, advice?: ScanAdvice) => diagnose(text, doubted(advice)).flatMap(fixesOf);
    const inverted = otherPixels(250, { range: 'as set', images: 'inverted', mean: [0], std: [1] });
    assert.match(
      diagnose(configWith(), doubted(inverted))[0]!.message.toString(),
      /No setting inverts images: save the image file with 255 minus each byte/,
    );
    assert.match(
      diagnose(configWith(), doubted(otherPixels(250, { images: 'channels reversed' })))[0]!.message.toString(),
      /\(BGR for RGB\).*No setting reverses channels: save the image file with the channels of each pixel from last to first, and set --scale/,
    );
    for (const images of ['inverted', 'channels reversed'] as const)
      assert.deepEqual(fixes(configWith(), otherPixels(250, { images })), [], images);
    assert.deepEqual(fixes(withData('"mean": 0.5, "std": 0.5')), []);
    assert.deepEqual(fixes(configWith().replace(/\}\s*$/, '')), []);
    assert.equal(fixes(configWith()).length, 1);
  });
});

describe('labels in another order than the classes of a model', () => {
  it('are a warning at the labels, without a fix, that names the classes', () => {
    const { text, range } = marked(configWith().replace('"train-labels"', '«"train-labels"»'));
    const [warning, ...rest] = scanConfigDiagnostics(configOf(text), last(doubted(swappedLabels())));
    assert.deepEqual(
      [rest, warning!.code, warning!.severity, warning!.range, fixesOf(warning!)],
      [[], 'scan.labels', 2, range, []],
    );
    assert.match(
      String(warning!.message),
      /^The scan was made at a clean accuracy of 47\.4 %\. The labels seem to be in a different order from the model's classes: the model's class 7 is the data's class 3, 3 is 7\. In this order, 99\.1 % of 1500 images are classified correctly; as labelled, 77\.7 % \(p < 0\.0001\)\./,
    );
  });
});

describe('a scan that could not measure', () => {
  it('warns at the settings or at the labels with its sentence, and carries the fix', () => {
    const { text, range } = marked(withData('"mean": «0.1307»'));
    const place = (source: string, scan: ScanResult) =>
      scanConfigDiagnostics(configOf(source), last(scan)).map((d) => [
        d.code,
        d.severity,
        d.range,
        d.message,
        fixesOf(d).map(({ title }) => title),
      ]);
    assert.deepEqual(place(text, unknownScan()), [
      ['scan.notMeasurable', 2, range, unknownScan().sentence, ['Use pixels from -1 to 1']],
    ]);
    assert.match(
      unknownScan().sentence,
      /^Not measurable: the model classifies 12 % of 1,900 clean images as labelled .*hardly better than guessing, so no trigger was searched.*The model seems to expect pixels from -1 to 1/,
    );
    assert.deepEqual(place(text, unknownScan(null)), [
      ['scan.notMeasurable', 2, range, unknownScan(null).sentence, []],
    ]);
    const labels = marked(configWith().replace('"train-labels"', '«"train-labels"»'));
    assert.deepEqual(place(labels.text, unknownScan(swappedLabels())), [
      ['scan.notMeasurable', 2, labels.range, unknownScan(swappedLabels()).sentence, []],
    ]);
  });

  it('marks the word in its result, and is silent once the data are others', () => {
    const { text, report } = last(unknownScan());
    const places = (changed: string[]) =>
      scanTextDiagnostics(text, report, changed).map((d) => [
        d.code,
        text.document.getText(d.range).replace(/:.*/s, ''),
      ]);
    assert.deepEqual(places([]), [['scan.notMeasurable', '"word"']]);
    assert.deepEqual(places(['the data']), [['scan.stale', '"files"']]);
  });
});
