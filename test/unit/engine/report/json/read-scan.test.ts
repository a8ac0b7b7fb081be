import assert from 'node:assert/strict';
import { rate } from '../../../../../server/engine/metrics/rate';
import { readScan } from '../../../../../server/engine/report/json/read-scan';
import { FinePruneError } from '../../../../../server/protocol/errors';
import type { ScanReport, ScanResult } from '../../../../../server/protocol/report/scan';
import { quietScan, suspiciousScan } from '../../../../fixtures/repaired-report';
import {
  knownScan,
  otherPixels,
  partialScan,
  scanReport,
  scanText,
  swappedLabels,
  unknownScan,
} from '../../../../fixtures/scan-report';

const PART = [0, 3, 7, 8, 20, 42];
/** A model that is scanned in part; class 3 is suspicious. */
const part = (): ScanResult => partialScan(PART, [70.5, 6.4, 84.1, 61.3, 72.8, 79.4]);

/** The report with a part exchanged, as text. */
function changed(change: (report: ScanReport) => void, scan?: ScanResult): string {
  const report = structuredClone(scanReport(scan));
  change(report);
  return JSON.stringify(report);
}

function refused(text: string): FinePruneError {
  try {
    readScan(text, 'x.scan.json');
  } catch (error) {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.kind, 'input');
    assert.ok(error.todo);
    return error;
  }
  return assert.fail('it was read');
}

describe('the text of a scan', () => {
  it('gives back what was written, for a class that stands out and for none', () => {
    for (const report of [scanReport(), scanReport(quietScan())])
      assert.deepEqual(readScan(scanText(report), 'x.scan.json'), report);
  });

  it('gives back what is known of the images, a scan that searched nothing, and one of some classes', () => {
    const scans = [
      knownScan(),
      knownScan(suspiciousScan(), 1800, swappedLabels()),
      knownScan(quietScan(), 900, otherPixels(250)),
      unknownScan(),
      unknownScan(null),
      part(),
      partialScan([5], [70]),
      partialScan(PART, [70, 71, 72, 73, 74, 75]),
    ];
    for (const report of scans.map(scanReport)) assert.deepEqual(readScan(scanText(report), 'x.scan.json'), report);
    assert.deepEqual(
      scans.map(({ word }) => word),
      [
        'nothing found',
        'suspicious',
        'nothing found',
        'not measurable',
        'not measurable',
        'suspicious',
        'not measurable',
        'nothing found',
      ],
    );
    assert.deepEqual(part().flagged, [3]);
  });

  const faults: [string, string, string, RegExp][] = [
    ['nothing', '', 'scan.empty', /empty/],
    ['a text that is no JSON', '{ "scan": }', 'scan.syntax', /not valid JSON/],
    [
      'something else of that name',
      '{ "target": "10.0.0.1", "ports": [22] }',
      'scan.notAScan',
      /no scan for backdoors/,
    ],
    ['a list', '[]', 'scan.notAScan', /no scan for backdoors/],
    [
      'another version',
      changed((report) => Object.assign(report, { schemaVersion: 2 })),
      'scan.version',
      /schemaVersion 2/,
    ],
    ['a missing part', changed((report) => Reflect.deleteProperty(report, 'data')), 'scan.schema', /`data`/],
    [
      'an unknown part',
      changed((report) => Object.assign(report.scan, { verdict: 'clean' })),
      'scan.schema',
      /verdict/,
    ],
    [
      'a word that is not one',
      changed((report) => Object.assign(report.scan, { word: 'clean' })),
      'scan.schema',
      /suspicious/,
    ],
    ['a class too few', changed((report) => void report.scan.classes.pop()), 'scan.figure', /9 entries/],
    ['a class out of order', changed((report) => void (report.scan.classes[3]!.target = 4)), 'scan.figure', /order/],
    [
      'a mask of another size',
      changed((report) => void (report.model.shape = [14, 14, 1])),
      'scan.figure',
      /classes\/\d+/,
    ],
    [
      'bytes that are no base64',
      changed((report) => void (report.scan.classes[0]!.estimate!.mask = 'é'.repeat(1048))),
      'scan.figure',
      /mask/,
    ],
    [
      'a success above one',
      changed((report) => void (report.scan.classes[2]!.success.rate = 1.2)),
      'scan.figure',
      /success/,
    ],
    [
      'a flagged class that does not exist',
      changed((report) => void (report.scan.flagged = [10])),
      'scan.figure',
      /flagged/,
    ],
    [
      'a flagged class that its own entry does not know',
      changed((report) => void (report.scan.flagged = [3])),
      'scan.contradiction',
      /flagged/,
    ],
    [
      'a word that its classes do not bear out',
      changed((report) => void (report.scan.word = 'nothing found')),
      'scan.contradiction',
      /nothing found/,
    ],
    [
      'a suspicious class that is passed off as none',
      changed(
        ({ scan }) =>
          void Object.assign(scan, {
            word: 'nothing found',
            flagged: [],
            classes: scan.classes.map((one) => ({ ...one, flagged: false })),
          }),
      ),
      'scan.contradiction',
      /Class 0 is not flagged, but its figures/,
    ],
    [
      'a sentence that says something else',
      changed((report) => void (report.scan.sentence = 'This model is clean.')),
      'scan.contradiction',
      /This model is clean/,
    ],
    [
      'a share that its mask does not have',
      changed((report) => void (report.scan.classes[4]!.share = 0.2)),
      'scan.contradiction',
      /share/,
    ],
    [
      'an accuracy on other images than those of the scan',
      changed(({ scan }) => void (scan.cleanAccuracy = rate(900, 1000)), knownScan()),
      'scan.contradiction',
      /cleanAccuracy\/of/,
    ],
    [
      'a rate that its counts do not have',
      changed(({ scan }) => void (scan.cleanAccuracy!.rate = 0.5), knownScan()),
      'scan.figure',
      /cleanAccuracy/,
    ],
    [
      'something that was found at guessing',
      changed(({ scan }) => void (scan.cleanAccuracy = rate(228, 1900)), knownScan()),
      'scan.contradiction',
      /hardly better than guessing/,
    ],
    [
      'nothing found where nothing was searched',
      changed(({ scan }) => void (scan.word = 'nothing found'), unknownScan()),
      'scan.figure',
      /0 entries/,
    ],
    [
      'nothing searched without a reason',
      changed(({ scan }) => void delete scan.cleanAccuracy, unknownScan(null)),
      'scan.contradiction',
      /no clean accuracy says why/,
    ],
    [
      'advice that is not better',
      changed(
        ({ scan }) =>
          void Object.assign(scan.advice!.settings![0]!, {
            after: rate(61, 500),
            comparison: { onlyBefore: 0, onlyAfter: 1, pValue: 1 },
          }),
        unknownScan(),
      ),
      'scan.contradiction',
      /not clearly better/,
    ],
    [
      'advice whose p-value is another',
      changed(({ scan }) => void (scan.advice!.settings![0]!.comparison.pValue = 0.001), unknownScan()),
      'scan.contradiction',
      /pValue/,
    ],
    [
      'advice whose counts are others',
      changed(({ scan }) => void (scan.advice!.settings![0]!.comparison.onlyBefore = 4), unknownScan()),
      'scan.contradiction',
      /comparison/,
    ],
    [
      'options that set something else',
      changed(({ scan }) => void (scan.advice!.settings![0]!.flags = '--mean 0; rm -rf .'), unknownScan()),
      'scan.contradiction',
      /flags/,
    ],
    [
      'an advice in other words',
      changed(
        ({ scan }) => void (scan.advice!.sentence = 'Trust this model.'),
        knownScan(quietScan(), 900, otherPixels(250)),
      ),
      'scan.contradiction',
      /Trust this model/,
    ],
    [
      'a deviation of nothing',
      changed(({ scan }) => void (scan.advice!.settings![0]!.std = [0]), unknownScan()),
      'scan.figure',
      /std/,
    ],
    [
      'means of channels that are not there',
      changed(({ scan }) => void (scan.advice!.settings![0]!.mean = [0, 0, 0]), unknownScan()),
      'scan.figure',
      /mean/,
    ],
    [
      'more discordant images than can be worked out',
      changed(({ scan }) => void (scan.advice!.settings![0]!.comparison.onlyAfter = 1e11), unknownScan()),
      'scan.figure',
      /onlyAfter/,
    ],
    [
      'a class with two names',
      changed(
        ({ scan }) => void (scan.advice!.labels!.classes[1]!.model = 7),
        knownScan(quietScan(), 1500, swappedLabels()),
      ),
      'scan.figure',
      /second time/,
    ],
    [
      'classes that were searched and are not there',
      changed(({ scan }) => void scan.classes.pop(), part()),
      'scan.figure',
      /5 entries/,
    ],
    [
      'a class that was not searched',
      changed(({ scan }) => void (scan.classes[5]!.target = 41), part()),
      'scan.figure',
      /order/,
    ],
    [
      'searched classes out of order',
      changed(({ scan }) => void scan.searched!.classes.reverse(), part()),
      'scan.figure',
      /ascending/,
    ],
    [
      'all classes as some',
      changed(({ scan }) => void (scan.searched = { classes: [...Array(10).keys()], of: 10 })),
      'scan.figure',
      /searched/,
    ],
    [
      'a class that is suspicious beside too few others',
      changed(({ scan }) => void Object.assign(scan, { word: 'suspicious', flagged: [5] }), partialScan([5], [70])),
      'scan.contradiction',
      /flagged/,
    ],
    [
      'too few classes passed off as nothing found',
      changed(({ scan }) => void (scan.word = 'nothing found'), partialScan([5], [70])),
      'scan.contradiction',
      /not measurable/,
    ],
    ['images larger than any', changed((report) => void (report.model.shape = [1e6, 1e6, 3])), 'scan.figure', /scan/],
  ];
  for (const [what, text, code, words] of faults) {
    it(`is refused for ${what}, with the place`, () => {
      const error = refused(text);
      assert.equal(error.code, code);
      assert.match(error.message, words);
      if (!['scan.empty'].includes(code)) assert.ok(error.place, `${code} names no place`);
    });
  }
});
