import canonicalize from 'canonicalize';
import stringify from 'json-stringify-pretty-compact';
import type { DefenseReport } from '../../protocol/report';

/**
 * A report's text: sorted keys, one value or short list a line so that a reviewer can comment on it, a newline at the end. The
 * same report gives the same bytes.
 */
export function serialiseReport(report: DefenseReport): string {
  return stringify(JSON.parse(canonicalize(report)!), { maxLength: 160, indent: 2 }) + '\n';
}
