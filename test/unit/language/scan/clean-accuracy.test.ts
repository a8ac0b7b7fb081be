import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { configLenses } from '../../../../server/language/config/lenses';
import { modelHover } from '../../../../server/language/model/hover';
import { modelLenses } from '../../../../server/language/model/lenses';
import {
  scanConfigDiagnostics,
  scanModelDiagnostics,
  scanTextDiagnostics,
} from '../../../../server/language/scan/diagnostics';
import { scanHover } from '../../../../server/language/scan/hover';
import type { LastScan } from '../../../../server/language/scan/state';
import { scanLine } from '../../../../server/language/scan/text';
import type { ScanResult } from '../../../../server/protocol/report/scan';
import { quietScan, suspiciousScan } from '../../../fixtures/scan-result';
import { knownScan, otherPixels, partialScan, swappedLabels, unknownScan } from '../../../fixtures/scan-report';
import { asModel, configOf, configWith, goodFacts, SIMPLE_CNN } from '../support';
import { last, model } from './support';
import { doubted } from './advice-support';

describe('how well a model knows the images of its scan, in an editor', () => {
  it('stands in the lens of config and model beside what was found', () => {
    const titles = (scan: LastScan) => [
      configLenses(configOf(configWith()), goodFacts(), { scan })[2]!.command!.title,
      modelLenses(asModel(model), SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 }, scan }).find(({ command }) =>
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
      /\*\*Other settings fit better\.\*\* With pixels from -1 to 1 98 % of 500 images are right, compared with 50 % as scanned: `"scale": 0\.00392156862745098, "mean": 0\.5, "std": 0\.5`\./,
    );
    assert.match(hover('cleanAccuracy'), /^Images of the scan that the model classifies as labelled\./);
    assert.match(
      hover('advice'),
      /at least two percentage points more of the same images right \(McNemar's exact test, p < 0\.01\)/,
    );
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
      /\*\*Labels in another order\?\*\* With 2 classes renumbered 99\.1 % of 1,500 images are right, compared with 77\.7 % as scanned\./,
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
    assert.match(few.report.scan.sentence, /only 2 of 43 classes were searched/);
    assert.deepEqual(said(scanConfigDiagnostics(configOf(configWith()), few)), expected);
    assert.deepEqual(said(scanModelDiagnostics(asModel(model), SIMPLE_CNN.classifier, few)), expected);
    const [inText, ...rest] = scanTextDiagnostics(few.text, few.report, []);
    assert.deepEqual(
      [said([inText!]), rest, few.text.document.getText(inText!.range).replace(/:.*/s, '')],
      [expected, [], '"word"'],
    );
  });
});
