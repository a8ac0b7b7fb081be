import type { DefenseReport } from '../../../protocol/report/report';

/** What the findings are read from: the report but for what is derived from it. */
export type Facts = Omit<DefenseReport, 'findings' | 'verdict' | 'gates' | 'schemaVersion'> & {
  /** Whether pruning changed any prediction on the clean or triggered inputs. */
  pruningChanged: number;
  canBeNegative: boolean;
  samplesOfTargetClass: number;
};
