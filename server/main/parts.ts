import type { Board } from './board';
import type { ReportDocuments } from './documents/reports';
import type { ScanDocuments } from './documents/scans';
import type { Host } from './host';
import type { Inspections } from './work/inspections';
import type { Runs } from './work/runs';
import type { Scans } from './work/scans';

/** What the language server is made of. */
export interface Parts {
  readonly host: Host;
  readonly board: Board;
  readonly inspections: Inspections;
  readonly reports: ReportDocuments;
  readonly scanResults: ScanDocuments;
  readonly runs: Runs;
  readonly scans: Scans;
  /** Asks the editor to ask again for lenses and hints. */
  refresh(): void;
}
