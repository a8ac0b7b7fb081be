import type { ScanReport } from '../../protocol/report/scan';
import type { ConfigText } from '../text/config-text';
import { formerUnknownText, formerVersion, type Renewal } from '../../protocol/report/former';
import { list } from '../../protocol/words';

/** What is known of the last scan of a model. */
export interface LastScan {
  report: ScanReport;
  /** Text of the result, for places in it. */
  text: ConfigText;
  uri: string;
  /** What changed since, in words; empty when it all still holds. */
  changed: readonly string[];
}

/** Whether a scan still speaks about its model. Other clean images than those it searched on change nothing about what it found; a model that did not know them may know others. */
export function stillHolds({ changed, report }: Pick<LastScan, 'changed' | 'report'>): boolean {
  return changed.every((what) => what === 'the data' && report.scan.evidence.length > 0);
}

/** `Stale: the model changed since this scan.` Of a scan that an earlier version made, that it has to be renewed. */
export function staleScanText(changed: readonly string[], report: ScanReport): string {
  const former = formerVersion(report);
  if (former) return formerUnknownText(former, scanRenewal(report));
  return `Stale: ${list(changed)} changed since this scan. Scan again to update it.`;
}

/** The command that makes a scan again. */
export const scanRenewal = ({ model }: Pick<ScanReport, 'model'>): Renewal => `fine-prune scan ${model.path}`;
