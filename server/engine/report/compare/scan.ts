import type { DefenseReport } from '../../../protocol/report/report';
import type { ReportComparison, ScanChange } from '../../../protocol/report/comparison';
import { suspectedClasses, type ScanResult } from '../../../protocol/report/scan';
import { list } from '../../../protocol/words';

const MOST_NAMED = 20;

/** What the scans of two reports found; undefined where neither has one. */
export function scanChanges(base: DefenseReport | null, head: DefenseReport | null): ScanChange[] | undefined {
  const changes = (['input', 'defended'] as const).flatMap((model): ScanChange[] => {
    const [b, h] = [base, head].map((report) => flaggedOf(model === 'input' ? report?.scan : report?.proof?.scan));
    if (!b && !h) return [];
    const only = (one: number[] | null | undefined, other: number[] | null | undefined): number[] =>
      one && other ? one.filter((target) => !other.includes(target)) : [];
    return [{ model, base: b ?? null, head: h ?? null, added: only(h, b), removed: only(b, h) }];
  });
  return changes.length > 0 ? changes : undefined;
}

/** Null too where nothing was searched: that is not nothing found. */
function flaggedOf(scan: ScanResult | undefined): number[] | null {
  return scan && scan.evidence.length > 0 ? suspectedClasses(scan).sort((a, b) => a - b) : null;
}

/** A sentence on every scan that finds another class suspicious; empty where none does. */
export function scanSentence({ scans = [] }: Pick<ReportComparison, 'scans'>): string {
  return scans
    .flatMap(({ model, added, removed }) => {
      const parts = [
        ...(added.length > 0 ? [`flags ${classes(added)} now`] : []),
        ...(removed.length > 0 ? [`no longer flags ${classes(removed)}`] : []),
      ];
      return parts.length > 0 ? [`The scan of the ${model} model ${parts.join(' and ')}.`] : [];
    })
    .join(' ');
}

/** `class 0`, `classes 0 and 3`. */
export function classes(targets: readonly number[]): string {
  if (targets.length === 1) return `class ${targets[0]}`;
  return `classes ${list(targets.map(String), MOST_NAMED)}`;
}
