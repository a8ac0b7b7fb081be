import assert from 'node:assert/strict';
import { readScan } from '../../../../server/engine/report/json/read-scan';
import { FinePruneError } from '../../../../server/protocol/errors';
import type { ScanReport, ScanResult } from '../../../../server/protocol/report/scan';
import { scanReport } from '../../../fixtures/scan-report';

/** The report with a part exchanged, as text. */
export function changed(change: (report: ScanReport) => void, scan?: ScanResult): string {
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

/** What is wrong, the text with that fault, and code and words of the failure it gives. */
export type ScanFault = [what: string, text: string, code: string, words: RegExp];

/** Asserts that a text with this fault is refused, with the place. */
export function refusesScan([, text, code, words]: ScanFault): void {
  const error = refused(text);
  assert.equal(error.code, code);
  assert.match(error.message, words);
  if (!['scan.empty'].includes(code)) assert.ok(error.place, `${code} names no place`);
}
