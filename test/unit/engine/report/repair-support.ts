import type { DefenseReport } from '../../../../server/protocol/report/report';
import { repairedReport } from '../../../fixtures/repaired-report';

export type Change = (report: DefenseReport) => void;
/** A repaired report whose trigger was known. */
export const known = (): DefenseReport => repairedReport('known');
