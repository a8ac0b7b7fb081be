import type { ScanAdvice, ScanResult } from '../../../../server/protocol/report/scan';
import { quietScan } from '../../../fixtures/scan-result';
import { knownScan, otherPixels } from '../../../fixtures/scan-report';

/** A scan at 900 of 1,900 images, half of 500 right as set. */
export const doubted = (advice: ScanAdvice = otherPixels(250)): ScanResult => knownScan(quietScan(), 900, advice);
