import type { FigureChange, GateChange, ReportComparison, ScanChange } from '../../server/protocol/report/comparison';
import { count, list } from '../../server/protocol/words';

/** What a comparison says in words. */

/** A change that a person sees at once, as an icon and a word. */
export interface ChangeSign {
  /** Name of a codicon. */
  icon: string;
  text: string;
}

const DIRECTIONS: Record<ReportComparison['direction'], ChangeSign> = {
  better: { icon: 'pass', text: 'Better' },
  worse: { icon: 'error', text: 'Worse' },
  mixed: { icon: 'warning', text: 'Better and worse' },
  same: { icon: 'circle-outline', text: 'No change beyond noise' },
  'not comparable': { icon: 'question', text: 'Not comparable' },
};

/** The heading of a comparison; a report that is new or gone is called that. */
export function directionSign({
  base,
  head,
  direction,
}: Pick<ReportComparison, 'base' | 'head' | 'direction'>): ChangeSign {
  if (!base && head) return { icon: 'diff-added', text: 'New report' };
  if (base && !head) return { icon: 'diff-removed', text: 'Deleted report' };
  return DIRECTIONS[direction];
}

const CHANGES: Record<FigureChange['change'], ChangeSign> = {
  better: { icon: 'pass', text: 'Better' },
  worse: { icon: 'error', text: 'Worse' },
  noise: { icon: 'circle-outline', text: 'Within noise' },
  same: { icon: 'circle-outline', text: 'Same' },
  unknown: { icon: 'question', text: 'Not comparable' },
};

export function changeSign({ base, head, change }: FigureChange): ChangeSign {
  if (base && head) return CHANGES[change];
  return { icon: 'dash', text: base ? 'Only in base' : head ? 'Only in head' : 'Not measured' };
}

const LIMITS: Record<GateChange['limit'], ChangeSign | null> = {
  same: null,
  loosened: { icon: 'warning', text: 'Limit loosened' },
  tightened: { icon: 'pass', text: 'Limit tightened' },
  added: { icon: 'diff-added', text: 'Added' },
  removed: { icon: 'warning', text: 'Removed' },
};
export const limitSign = ({ limit }: GateChange): ChangeSign | null => LIMITS[limit];

export const FINDING_SIGNS: Record<ReportComparison['findings'][number]['change'], ChangeSign> = {
  added: { icon: 'diff-added', text: 'Added' },
  removed: { icon: 'diff-removed', text: 'Removed' },
  reworded: { icon: 'diff-modified', text: 'Changed' },
  kept: { icon: 'circle-outline', text: 'Kept' },
};

/** Changes first, what stayed last. */
export function findingsInOrder(findings: ReportComparison['findings']): ReportComparison['findings'] {
  const rank = { added: 0, removed: 1, reworded: 2, kept: 3 };
  return [...findings].sort((a, b) => rank[a.change] - rank[b.change]);
}

const MOST_CHARACTERS = 400;

/** A setting's value as the config has it, on one line and of bounded length; `not set` for null. */
export function settingText(value: unknown): string {
  if (value === null || value === undefined) return 'not set';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not set');
  return text.length > MOST_CHARACTERS
    ? `${text.slice(0, MOST_CHARACTERS)} … (${count(text.length)} characters)`
    : text;
}

/** What became of the pruned units, in one sentence. */
export function unitsText({ layer, both, onlyBase, onlyHead }: ReportComparison['units'], alone: boolean): string {
  if (alone)
    return layer.head === null
      ? `${count(onlyBase.length)} units were pruned in ${layer.base ?? 'an unnamed layer'}.`
      : `${count(onlyHead.length)} units are pruned in ${layer.head}.`;
  if (layer.base !== layer.head)
    return `The layers differ: ${count(onlyBase.length)} units of ${layer.base ?? 'none'} in the base, ${count(onlyHead.length)} units of ${layer.head ?? 'none'} in the head. The same number means a different unit in each.`;
  if (onlyBase.length + onlyHead.length === 0)
    return both.length === 0
      ? 'Neither prunes any unit.'
      : `Both prune the same ${count(both.length)} units of ${layer.head ?? 'the layer'}.`;
  return `${count(both.length)} units of ${layer.head ?? 'the layer'} are pruned in both, ${count(onlyBase.length)} only in the base, ${count(onlyHead.length)} only in the head.`;
}

const classesText = (targets: readonly number[]): string =>
  `${targets.length === 1 ? 'class' : 'classes'} ${list(targets.map(String), 10)}`;

/** What a scan found on one side. @param there whether that side has a report */
export function flaggedText(flagged: readonly number[] | null, there: boolean): string {
  if (!there) return 'no report';
  return flagged === null
    ? 'not scanned'
    : flagged.length === 0
      ? 'Nothing found'
      : `Suspicious: ${classesText(flagged)}`;
}

/** Classes that only one of the scans flags. */
export function scanSigns({ added, removed }: Pick<ScanChange, 'added' | 'removed'>): ChangeSign[] {
  return [
    ...(added.length > 0 ? [{ icon: 'warning', text: `Added: ${classesText(added)}` }] : []),
    ...(removed.length > 0 ? [{ icon: 'diff-removed', text: `Gone: ${classesText(removed)}` }] : []),
  ];
}
