import { inversionOf, suspectedClasses, type ScanResult } from '../../protocol/report/scan';

/** The class that the trigger aims at, and suspicious classes, smallest mask first; only such as were searched. */
export function targetsOf(scan: ScanResult, target: number | null): number[] {
  return [...new Set([...(target === null || !inversionOf(scan, target) ? [] : [target]), ...suspectedClasses(scan)])];
}
