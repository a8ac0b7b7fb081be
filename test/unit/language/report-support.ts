import type { DefenseReport } from '../../../server/protocol/report/report';
import { referenceReport } from '../../fixtures/report';

/** The reference report with the indices that the editor spells out, and the figures of the example. */
export function sampleReport(): DefenseReport {
  const report = referenceReport();
  const units = Array.from({ length: 25 }, (_, i) => 124 - 5 * i);
  return { ...report, layer: { ...report.layer, name: 'dense' }, pruning: { ...report.pruning, units } };
}
