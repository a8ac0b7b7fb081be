import canonicalize from 'canonicalize';
import stringify from 'json-stringify-pretty-compact';
import type { DefenseReport } from '../../../protocol/report/report';

/**
 * A report's text: sorted keys, one value or short list a line so that a reviewer can comment on it, a newline at the end. The
 * same report gives the same bytes.
 */
export function serialiseReport(report: DefenseReport): string {
  return serialise(report);
}

/** Any value that is made to be reviewed, in that form. */
export function serialise(value: object): string {
  return stringify(JSON.parse(canonicalize(value)!), { maxLength: 160, indent: 2 }) + '\n';
}
