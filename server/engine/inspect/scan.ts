import type { ScanData } from '../../protocol/messages/inspect';
import { keptScanOfConfig } from '../detect/config-scan';
import { reportedScan } from '../detect/reported';
import type { Subject } from './subject';

/** What is known of a scan of the model as it came: the search for its trigger, or what a run of the same config has left in the user's cache. */
export async function scanData({ scan, config, model, roles, backend, trigger }: Subject): Promise<ScanData> {
  const known = scan ?? (await keptScanOfConfig({ config, model, roles }, backend));
  return {
    kind: 'scan',
    found: known && { source: scan ? 'trigger' : 'cache', file: null, scan: reportedScan(known, trigger?.target) },
  };
}
