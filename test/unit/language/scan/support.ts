import { TextDocument } from 'vscode-languageserver-textdocument';
import type { MarkupContent } from 'vscode-languageserver-types';
import { parseConfig } from '../../../../server/language/text/config-text';
import type { LastScan } from '../../../../server/language/scan/state';
import type { ScanResult } from '../../../../server/protocol/report/scan';
import { suspiciousScan } from '../../../fixtures/scan-result';
import { scanReport, scanText } from '../../../fixtures/scan-report';
import { SIMPLE_CNN } from '../support';

export const SCAN_URI = 'file:///w/demo.scan.json';
export const MODEL_URI = 'file:///w/model.json';

/** A model.json with the names of the reference network's layers. */
export const model = TextDocument.create(
  MODEL_URI,
  'json',
  1,
  JSON.stringify({
    modelTopology: { config: { layers: SIMPLE_CNN.layers.map(({ name }) => ({ config: { name } })) } },
  }),
);

/** The last scan, and what has changed since. */
export function last(scan: ScanResult = suspiciousScan(), changed: string[] = []): LastScan {
  // Without the accuracy that a test does not give: as version 0.1 wrote scans.
  const report = { ...scanReport(scan), scan };
  return {
    report,
    uri: SCAN_URI,
    changed,
    text: parseConfig(TextDocument.create(SCAN_URI, 'json', 1, scanText(report))),
  };
}

export const markdown = (hover: { contents: unknown } | null): string =>
  (hover?.contents as MarkupContent | undefined)?.value ?? '';
