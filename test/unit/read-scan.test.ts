import assert from 'node:assert/strict';
import { readScan } from '../../server/engine/report/read-scan';
import { FinePruneError } from '../../server/protocol/errors';
import type { ScanReport } from '../../server/protocol/scan';
import { quietScan } from '../fixtures/repaired-report';
import { scanReport, scanText } from '../fixtures/scan-report';

/** The report with a part exchanged, as text. */
function changed(change: (report: ScanReport) => void): string {
  const report = structuredClone(scanReport());
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
    for (const report of [scanReport(), scanReport(quietScan())]) assert.deepEqual(readScan(scanText(report), 'x.scan.json'), report);
  });

  const faults: [string, string, string, RegExp][] = [
    ['nothing', '', 'scan.empty', /empty/],
    ['a text that is no JSON', '{ "scan": }', 'scan.syntax', /not valid JSON/],
    ['something else of that name', '{ "target": "10.0.0.1", "ports": [22] }', 'scan.notAScan', /no scan for backdoors/],
    ['a list', '[]', 'scan.notAScan', /no scan for backdoors/],
    ['another version', changed((report) => Object.assign(report, { schemaVersion: 2 })), 'scan.version', /schemaVersion 2/],
    ['a missing part', changed((report) => Reflect.deleteProperty(report, 'data')), 'scan.schema', /`data`/],
    ['an unknown part', changed((report) => Object.assign(report.scan, { verdict: 'clean' })), 'scan.schema', /verdict/],
    ['a word that is not one', changed((report) => Object.assign(report.scan, { word: 'clean' })), 'scan.schema', /suspicious/],
    ['a class too few', changed((report) => void report.scan.classes.pop()), 'scan.figure', /9 entries/],
    ['a class out of order', changed((report) => void (report.scan.classes[3]!.target = 4)), 'scan.figure', /order/],
    ['a mask of another size', changed((report) => void (report.model.shape = [14, 14, 1])), 'scan.figure', /classes\/\d+/],
    ['bytes that are no base64', changed((report) => void (report.scan.classes[0]!.estimate!.mask = 'é'.repeat(1048))), 'scan.figure', /mask/],
    ['a success above one', changed((report) => void (report.scan.classes[2]!.success.rate = 1.2)), 'scan.figure', /success/],
    ['a flagged class that does not exist', changed((report) => void (report.scan.flagged = [10])), 'scan.figure', /flagged/],
    ['a flagged class that its own entry does not know', changed((report) => void (report.scan.flagged = [3])), 'scan.contradiction', /flagged/],
    ['a word that its classes do not bear out', changed((report) => void (report.scan.word = 'nothing found')), 'scan.contradiction', /nothing found/],
    ['a suspicious class that is passed off as none', changed(({ scan }) => void Object.assign(scan, { word: 'nothing found', flagged: [], classes: scan.classes.map((one) => ({ ...one, flagged: false })) })), 'scan.contradiction', /Class 0 is not flagged, but its figures/],
    ['a sentence that says something else', changed((report) => void (report.scan.sentence = 'This model is clean.')), 'scan.contradiction', /This model is clean/],
    ['a share that its mask does not have', changed((report) => void (report.scan.classes[4]!.share = 0.2)), 'scan.contradiction', /share/],
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
