import canonicalize from 'canonicalize';
import stringify from 'json-stringify-pretty-compact';
import { DefenseReport } from '../../../protocol/report/report';
import { ScanReport } from '../../../protocol/report/scan';
import { ordered } from './ordered';

/**
 * A report's text: keys in the order of its shape, one value or short list a line so that a reviewer can comment on it, a newline at the
 * end. The same report gives the same bytes.
 */
export function serialiseReport(report: DefenseReport): string {
  return text(ordered(DefenseReport, report));
}

/** The same of a scan on its own. */
export function serialiseScan(scan: ScanReport): string {
  return text(ordered(ScanReport, scan));
}

/** Any value that is made to be reviewed, with sorted keys. */
export function serialise(value: object): string {
  return text(JSON.parse(canonicalize(value)!));
}

const text = (value: unknown): string => `${stringify(value, { maxLength: 160, indent: 2 })}\n`;
