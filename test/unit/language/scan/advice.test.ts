import assert from 'node:assert/strict';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { MarkupContent } from 'vscode-languageserver-types';
import { configProblems } from '../../../../server/engine/config/read-config';
import { configActions } from '../../../../server/language/config/actions';
import { configLenses } from '../../../../server/language/config/lenses';
import { nodeAt, parseConfig } from '../../../../server/language/text/config-text';
import { modelHover } from '../../../../server/language/model/hover';
import { modelLenses } from '../../../../server/language/model/lenses';
import { fixesOf } from '../../../../server/language/text/problem';
import {
  scanConfigDiagnostics,
  scanModelDiagnostics,
  scanTextDiagnostics,
} from '../../../../server/language/scan/diagnostics';
import { scanHover } from '../../../../server/language/scan/hover';
import type { LastScan } from '../../../../server/language/scan/state';
import { scanLine } from '../../../../server/language/scan/text';
import type { ScanAdvice, ScanResult } from '../../../../server/protocol/report/scan';
import { quietScan, suspiciousScan } from '../../../fixtures/scan-result';
import {
  knownScan,
  otherPixels,
  partialScan,
  scanReport,
  scanText,
  swappedLabels,
  unknownScan,
} from '../../../fixtures/scan-report';
import { configOf, configWith, goodFacts, marked, SIMPLE_CNN, URI } from '../support';

const SCAN_URI = 'file:///w/demo.scan.json';
const model = TextDocument.create(
  'file:///w/model.json',
  'json',
  1,
  JSON.stringify({
    modelTopology: { config: { layers: SIMPLE_CNN.layers.map(({ name }) => ({ config: { name } })) } },
  }),
);

function last(scan: ScanResult, changed: string[] = []): LastScan {
  const report = scanReport(scan);
  return {
    report,
    uri: SCAN_URI,
    changed,
    text: parseConfig(TextDocument.create(SCAN_URI, 'json', 1, scanText(report))),
  };
}

/** A scan at 900 of 1,900 images, half of 500 right as set. */
const doubted = (advice: ScanAdvice = otherPixels(250)): ScanResult => knownScan(quietScan(), 900, advice);

/** A config with more fields in `data`. */
const withData = (more: string): string => configWith().replace(/("test": .*)\n/, `$1,\n    ${more}\n`);

describe('how well a model knows the images of its scan, in an editor', () => {
  it('stands in the lens of config and model beside what was found', () => {
    const titles = (scan: LastScan) => [
      configLenses(configOf(configWith()), goodFacts(), { scan })[2]!.command!.title,
      modelLenses(model, SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 }, scan }).find(({ command }) =>
        /[sS]can$/.test(command!.command),
      )!.command!.title,
    ];
    const both = (title: string): string[] => [title, title];
    assert.deepEqual(titles(last(knownScan())), both('Nothing found · clean accuracy 98.8 %'));
    assert.deepEqual(
      titles(last(knownScan(suspiciousScan(), 1800))),
      both('Suspicious: class 0 · clean accuracy 94.7 %'),
    );
    assert.deepEqual(
      titles(last(doubted())),
      both('Nothing found · clean accuracy 47.4 % · other settings fit better'),
    );
    assert.deepEqual(
      titles(last(doubted(swappedLabels()))),
      both('Nothing found · clean accuracy 47.4 % · labels in another order'),
    );
    assert.deepEqual(titles(last(unknownScan(null))), both('Not measurable · clean accuracy 12 %'));
    // Of a model that did not know its images other ones may say more.
    assert.deepEqual(titles(last(unknownScan(null), ['the data'])), both('Scan for Backdoors'));
    assert.equal(scanLine(quietScan()), 'Nothing found', 'a result of an earlier version');
    // Accuracy and advice are of the images that it was made on; what was found is of the model.
    assert.deepEqual(titles(last(doubted(), ['the data'])), both('Nothing found'));
    assert.deepEqual(
      titles(last(knownScan(suspiciousScan(), 900, otherPixels(250)), ['the data'])),
      both('Suspicious: class 0'),
    );
  });

  it('stands in hovers, with what fits better', () => {
    const { text, report } = last(doubted());
    const source = text.document.getText();
    const hover = (key: string) =>
      (
        scanHover(text, report, text.document.positionAt(source.indexOf(`"${key}"`) + 2))?.contents as
          MarkupContent | undefined
      )?.value ?? '';
    assert.match(
      hover('word'),
      /^\*\*Nothing found\*\* by the scan for backdoors\..*\n\nClean accuracy 47\.4 % on 1,900 images \(95 %: 45\.1 % – 49\.6 %\)\./s,
    );
    assert.match(
      hover('word'),
      /\*\*Other settings fit better\.\*\* With pixels from -1 to 1 98 % of 500 images are right, with those of the scan 50 %: `"scale": 0\.00392156862745098, "mean": 0\.5, "std": 0\.5`\./,
    );
    assert.match(hover('cleanAccuracy'), /^Images of the scan that the model classifies as labelled\./);
    assert.match(hover('advice'), /at least two points more of the same images \(McNemar's exact test, p < 0\.01\)/);
    const atLayer = (scan: ScanResult) =>
      (
        modelHover(
          model,
          SIMPLE_CNN,
          model.positionAt(model.getText().indexOf('"name":"dense_1"') + 9),
          undefined,
          last(scan),
        )!.contents as MarkupContent
      ).value;
    assert.match(
      atLayer(doubted(swappedLabels())),
      /\*\*Labels in another order\?\*\* With 2 classes renumbered 99\.1 % of 1,500 images are right, with those of the scan 77\.7 %\./,
    );
    assert.match(
      atLayer(unknownScan(null)),
      /\*\*Not measurable\*\* by the scan for backdoors\. The model is hardly better than guessing on these images, so nothing was searched\.\n\nClean accuracy 12 % on 1,900 images/,
    );
    assert.doesNotMatch(atLayer(unknownScan(null)), /Nothing found/);
  });

  it('names the classes that were searched, and that a few are too few to compare', () => {
    const { text, report } = last(partialScan([3, 7], [70, 71]));
    const hover = (key: string) =>
      (
        scanHover(text, report, text.document.positionAt(text.document.getText().indexOf(`"${key}"`) + 2))!
          .contents as MarkupContent
      ).value;
    assert.match(
      hover('word'),
      /^\*\*Not measurable\*\* by the scan for backdoors\. Only 2 of 43 classes were searched, too few to compare\./,
    );
    assert.match(hover('searched'), /^The only classes that were searched, and how many the model has\./);
    assert.match(hover('medianNorm'), /^Median size of the masks of the 2 classes that were searched: /);
    const few = last(partialScan([3, 7], [70, 71]));
    const said = (all: { code?: unknown; severity?: unknown; message: unknown }[]): unknown[] =>
      all.map(({ code, severity, message }) => [code, severity, message]);
    const expected = [['scan.notMeasurable', 2, few.report.scan.sentence]];
    assert.match(few.report.scan.sentence, /of 43 classes only 2 were searched/);
    assert.deepEqual(said(scanConfigDiagnostics(configOf(configWith()), few)), expected);
    assert.deepEqual(said(scanModelDiagnostics(model, SIMPLE_CNN.classifier, few)), expected);
    const [inText, ...rest] = scanTextDiagnostics(few.text, few.report, []);
    assert.deepEqual(
      [said([inText!]), rest, few.text.document.getText(inText!.range).replace(/:.*/s, '')],
      [expected, [], '"word"'],
    );
  });
});

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
    const [ofModel, ...rest] = scanModelDiagnostics(model, SIMPLE_CNN.classifier, last(doubted()));
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
      /^The scan was made at a clean accuracy of 47\.4 %\. The labels look to be in another order than the model's classes: the model's class 7 is the data's class 3, 3 is 7\. So 99\.1 % of 1500 images are right, as labelled 77\.7 % \(p < 0\.0001\)\./,
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
      /^Not measurable: the model classifies 12 % of 1,900 clean images as labelled .*hardly better than guessing, so no trigger was searched.*The model seems to take pixels from -1 to 1/,
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
