import assert from 'node:assert/strict';
import { readScan } from '../../../../../server/engine/report/json/read-scan';
import { suspectedClasses, type ScanResult } from '../../../../../server/protocol/report/scan';
import { masksOf, quietScan, suspiciousScan } from '../../../../fixtures/scan-result';
import {
  knownScan,
  otherPixels,
  partialScan,
  scanReport,
  scanText,
  swappedLabels,
  unknownScan,
} from '../../../../fixtures/scan-report';
import { changed, type ScanFault, refusesScan } from '../scan-support';

const PART = [0, 3, 7, 8, 20, 42];

/** A model that is scanned in part; class 3 is suspicious. */
const part = (): ScanResult => partialScan(PART, [70.5, 6.4, 84.1, 61.3, 72.8, 79.4]);

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
    assert.deepEqual(suspectedClasses(part()), [3]);
  });
});

describe('a scan that cannot be read', () => {
  const faults: ScanFault[] = [
    ['nothing', '', 'scan.empty', /empty/],
    ['a text that is no JSON', '{ "scan": }', 'scan.syntax', /not valid JSON/],
    [
      'something else of that name',
      '{ "target": "10.0.0.1", "ports": [22] }',
      'scan.notAScan',
      /not a scan for backdoors/,
    ],
    ['a list', '[]', 'scan.notAScan', /not a scan for backdoors/],
    [
      'another version',
      changed((report) => Object.assign(report, { schemaVersion: 3 })),
      'scan.version',
      /schemaVersion 3/,
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
    ['a class too few', changed((report) => void masksOf(report.scan).classes.pop()), 'scan.figure', /9 entries/],
    [
      'a class out of order',
      changed((report) => void (masksOf(report.scan).classes[3]!.target = 4)),
      'scan.figure',
      /order/,
    ],
    [
      'a mask of another size',
      changed((report) => void (report.model.shape = [14, 14, 1])),
      'scan.figure',
      /classes\/\d+/,
    ],
    [
      'bytes that are no base64',
      changed((report) => void (masksOf(report.scan).classes[0]!.estimate!.mask = 'é'.repeat(1048))),
      'scan.figure',
      /mask/,
    ],
    [
      'a success above one',
      changed((report) => void (masksOf(report.scan).classes[2]!.success.rate = 1.2)),
      'scan.figure',
      /success/,
    ],
    [
      'a flagged class that does not exist',
      changed((report) => void (report.scan.suspects[0]!.target = 10)),
      'scan.figure',
      /suspects/,
    ],
    [
      'a rate that its counts do not have',
      changed(({ scan }) => void (scan.cleanAccuracy!.rate = 0.5), knownScan()),
      'scan.figure',
      /cleanAccuracy/,
    ],
    [
      'nothing found where nothing was searched',
      changed(({ scan }) => void (scan.word = 'nothing found'), unknownScan()),
      'scan.figure',
      /is empty, but the word says/,
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
      changed(({ scan }) => void masksOf(scan).classes.pop(), part()),
      'scan.figure',
      /5 entries/,
    ],
    [
      'a class that was not searched',
      changed(({ scan }) => void (masksOf(scan).classes[5]!.target = 41), part()),
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
    ['images larger than any', changed((report) => void (report.model.shape = [1e6, 1e6, 3])), 'scan.figure', /scan/],
  ];
  for (const fault of faults) it(`is refused for ${fault[0]}, with the place`, () => refusesScan(fault));
});
