import assert from 'node:assert/strict';
import type { ScanReport, ScanResult } from '../../../../server/protocol/report/scan';
import { summarizeScan } from '../../../../server/cli/output/scan-summary';
import { masksOf, quietScan, scanOf, suspiciousScan } from '../../../fixtures/scan-result';
import { knownScan, otherPixels, partialScan, scanReport, unknownScan } from '../../../fixtures/scan-report';

describe('a scan on one screen', () => {
  const context = { file: 'mnist.scan.json', cached: false };
  const lines = (text: string): string[] => text.split('\n');
  /** As version 0.1 gave them. */
  const earlier = (scan: ScanResult): ScanReport => {
    const report = scanReport(scan);
    delete report.scan.cleanAccuracy;
    return report;
  };

  it('begins with the word and its sentence, and has every class with the mask of the one that stands out beside it', () => {
    const report = scanReport();
    const shown = summarizeScan(report, context);
    assert.ok(shown.startsWith('SUSPICIOUS: a mask of 4.0 pixels sends 99.1 % of other images to class 0'), shown);
    assert.ok(lines(shown).length <= 24, shown);
    assert.ok(
      lines(shown).every((line) => line.length < 80),
      shown,
    );
    const table = lines(shown).filter((line) => /^[! ] {2,}\d+ +[\d.]+ +[\d.]+ /.test(line));
    assert.equal(table.length, 10, shown);
    assert.match(table[0]!, /^! {5}0 +4\.0 +6\.4 +0\.09 +\d\.\d +99\.1 %/);
    assert.equal(table.filter((line) => line.startsWith('!')).length, 1);
    assert.match(shown, /class 0, estimated/);
    assert.match(shown, /│[ ░▒▓█]{28}│/);
    assert.match(shown, /[▒▓█]/);
    assert.match(shown, /^Result {2}mnist\.scan\.json$/m);
    assert.match(shown, /^Engine {2}native, tfjs-node 4\.22\.0/m);
  });

  it('says what was tried when nothing was found, draws nothing, and never says clean of a model', () => {
    const shown = summarizeScan(earlier(quietScan()), { ...context, file: null });
    assert.ok(shown.startsWith('NOTHING FOUND: the smallest mask'), shown);
    assert.match(shown, /Triggers that\s+no small mask\s+can imitate may go unnoticed/);
    assert.match(shown, /^Tried {3}120 steps of 16 images\/class, from 400; success on 1,500 others; seed\s+0\./m);
    assert.doesNotMatch(shown, /│|^Result/m);
    assert.doesNotMatch(shown.replaceAll('clean images', ''), /\bclean\b/i);
  });

  it('shows of many classes those that stand out, and of many masks as many as there is room for', () => {
    const norms = Array.from({ length: 43 }, (_, target) =>
      target % 20 === 7 ? 4 + target / 10 : 60 + ((target * 7) % 31),
    );
    const shown = summarizeScan(scanReport(scanOf(norms)), { ...context, columns: 120 });
    assert.match(shown, /… and 32 classes with larger masks/);
    for (const target of [7, 27]) assert.match(shown, new RegExp(`^! +${target} `, 'm'));
    assert.match(shown, /class 7, estimated +class 27, estimated/);
    const narrow = summarizeScan(scanReport(scanOf(norms)), { ...context, columns: 80 });
    assert.match(narrow, /The mask of class 27 is in the file\./);
    assert.ok(
      lines(narrow).every((line) => line.length < 80),
      narrow,
    );
  });

  it('says what to type next where a class is suspicious, and has no sign before 0', () => {
    const next = 'fine-prune run mnist.fineprune.json --strategy auto';
    const report = scanReport();
    masksOf(report.scan).classes[4]!.anomalyIndex = -0.04;
    const shown = summarizeScan(report, { ...context, next });
    assert.match(shown, /^Next {4}fine-prune run mnist\.fineprune\.json --strategy auto$/m);
    assert.ok(lines(shown).length <= 24, shown);
    assert.doesNotMatch(shown, /-0\.0/);
    assert.doesNotMatch(summarizeScan(scanReport(quietScan()), { ...context, next }), /^Next/m);
  });

  it('says that it is an earlier one, and why the slower engine was taken', () => {
    const report = scanReport();
    report.provenance.backend = 'wasm';
    const shown = summarizeScan(report, { ...context, cached: true, backendWhy: 'WASM was asked for.' });
    assert.match(shown, /An\s+earlier scan of the same bytes\./);
    assert.match(shown, /^Engine {2}WASM was asked for\.$/m);
  });

  it('has the clean accuracy with its interval and the pixels beside the drawing, in no more lines', () => {
    const shown = summarizeScan(scanReport(knownScan(suspiciousScan())), {
      ...context,
      next: 'fine-prune run x --strategy auto',
      pixels: 'scale, mean and std of mnist.fineprune.json',
    });
    const words = shown.replace(/[│┌┐─└┘\s]+/g, ' ');
    assert.match(words, /Clean accuracy 98\.8 % on 1,900 images \(95 %: 98\.2 % to 99\.2 %\)\./);
    assert.match(words, /Pixels: scale, mean and std of mnist\.fineprune\.json\./);
    assert.ok(lines(shown).length <= 24 && lines(shown).every((line) => line.length < 80), shown);
    assert.doesNotMatch(
      summarizeScan(earlier(suspiciousScan()), context),
      /Clean accuracy|Pixels/,
      'an earlier version did not measure it',
    );
  });

  it('says that nothing could be measured, with the figure and the setting that fits, and has no table then', () => {
    const shown = summarizeScan(scanReport(unknownScan()), { ...context, next: 'x', colour: false });
    assert.ok(shown.startsWith('NOT MEASURABLE: the model classifies 12 % of 1,900 clean images as labelled'), shown);
    const words = shown.replace(/\s+/g, ' ');
    assert.match(words, /hardly better than guessing, so no trigger was searched/);
    assert.match(
      words,
      /The model seems to expect pixels from -1 to 1: with these, 98 % of the same 500 images are classified correctly; with the current settings, 12 % \(p < 0\.0001\)\. Set --scale 0\.00392156862745098 --mean 0\.5 --std 0\.5 \(in a config: "scale": 0\.00392156862745098, "mean": 0\.5, "std": 0\.5\)\./,
    );
    assert.doesNotMatch(shown, /^Tried|^Next|screened|│|nothing found/im);
    assert.match(shown, /^Result {2}mnist\.scan\.json$/m);
    assert.match(
      summarizeScan(scanReport(unknownScan(null)), context).replace(/\s+/g, ' '),
      /Check that labels, scale, mean and std are those the model was trained with\./,
    );
  });

  it('warns of settings that fit better where something was searched all the same', () => {
    const shown = summarizeScan(scanReport(knownScan(quietScan(), 900, otherPixels(250))), context);
    assert.match(shown, /^Warning The model seems to expect pixels from -1 to 1/m);
    assert.ok(shown.startsWith('NOTHING FOUND'), shown);
  });

  it('says which classes were searched, and marks those by their numbers', () => {
    const shown = summarizeScan(
      scanReport(partialScan([0, 3, 7, 8, 20, 42], [70.5, 6.4, 84.1, 61.3, 72.8, 79.4])),
      context,
    );
    assert.match(
      shown.replace(/\s+/g, ' '),
      /^SUSPICIOUS: a mask of .* to class 3 .*6 of 43 classes were searched \(0, 3, 7-8, 20, 42\), and nothing is known about the others\./,
    );
    assert.match(shown, /^! +3 +6\.3 +6\.4 /m);
    assert.match(shown, /^ +42 +71 +79 /m);
    assert.match(shown, /class 3, estimated/);
  });

  it('colours what is suspicious, and nothing that was not found', () => {
    assert.match(summarizeScan(scanReport(), { ...context, colour: true }), /^\u001b\[1m\u001b\[31mSUSPICIOUS/);
    assert.match(
      summarizeScan(scanReport(quietScan()), { ...context, colour: true }),
      /^\u001b\[1mNOTHING FOUND\u001b\[22m/,
    );
  });
});
