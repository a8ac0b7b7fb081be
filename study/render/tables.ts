import { GOALS, STRATEGIES } from '../settings';
import {
  accuracy,
  ATTACK_TITLES,
  DATA_TITLES,
  groupTitle,
  loss,
  mean,
  points,
  robust,
  spread,
  success,
  type Group,
  type Repair,
  type Row,
  type Scan,
} from './collect';
import { percent } from '../../server/protocol/words';

/** A Markdown table; the first column to the left, the others to the right unless they are words. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  words: readonly number[] = [0],
): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (words.includes(i) ? '---' : '--:'))), ...rows.map(line)];
}

const MISSING = '*missing*';

/** Attack by strategy, one figure a cell over the seeds; with a first column for the attacked models where `before` is given. */
export function matrix(group: Group, figure: (r: Repair) => number, before?: (r: Repair) => number): string[] {
  const attacks = [...new Set(group.rows.map(({ attack }) => attack))];
  const rows = attacks.map((attack) => {
    const of = group.rows.filter((row) => row.attack === attack);
    const any = of.flatMap(({ done }) => done);
    // The same models are attacked whatever the strategy: once a seed.
    const first = before && [spread([...new Map(any.map((r) => [r.cell.seed, before(r)])).values()]) || MISSING];
    return [
      ATTACK_TITLES[attack],
      ...(first ?? []),
      ...of.map((row) => (row.done.length ? `${spread(row.done.map(figure))}${fewer(row)}` : MISSING)),
    ];
  });
  return table(['attack', ...(before ? ['attacked'] : []), ...STRATEGIES.map((strategy) => `\`${strategy}\``)], rows);
}

function fewer({ done, missing }: Row): string {
  return missing.length ? ` *${done.length} of ${done.length + missing.length}*` : '';
}

/** Everything of a group, one row an attack and strategy. */
export function details(group: Group): string[] {
  const rows = group.rows.map((row) => {
    const { attack, strategy, done } = row;
    const name = [ATTACK_TITLES[attack], `\`${strategy}\``];
    if (done.length === 0) return [...name, ...new Array<string>(4).fill(MISSING)];
    const arrow = (of: (f: Repair['before']) => number): string =>
      `${spread(done.map((r) => of(r.before)))} → ${spread(done.map((r) => of(r.after)))}`;
    return [
      ...name,
      arrow(accuracy),
      arrow(success),
      arrow(robust),
      `${counted(done.map(({ verdict }) => verdict))}${fewer(row)}`,
    ];
  });
  return table(
    ['attack', 'strategy', 'clean accuracy', 'true ASR', 'robust accuracy', 'verdict of the tool'],
    rows,
    [0, 1, 5],
  );
}

/** `mitigated 2×, not mitigated`. */
export function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, n]) => (n === 1 ? word : `${word} ${n}×`)).join(', ');
}

/** What was aimed at with `auto`, and what came out, worst seed. */
export function goalTable(groups: readonly Group[]): string[] {
  const rows: string[][] = [];
  for (const group of groups) {
    const { accuracyDrop, success: limits } = GOALS[group.share];
    for (const { attack, strategy, done } of group.rows) {
      const limit = limits[attack];
      if (strategy !== 'auto' || limit === undefined) continue;
      const name = [
        groupTitle(group),
        ATTACK_TITLES[attack],
        `ASR ≤ ${percent(limit)}, loss ≤ ${points(accuracyDrop)} points`,
      ];
      if (done.length === 0) {
        rows.push([...name, MISSING, MISSING, MISSING]);
        continue;
      }
      const [worst, most] = [Math.max(...done.map((r) => success(r.after))), Math.max(...done.map(loss))];
      const reached = worst <= limit && most <= accuracyDrop + 1e-9;
      rows.push([
        ...name,
        `${points(worst)} %`,
        `${points(most)} points`,
        reached
          ? 'reached'
          : `**missed** (${[worst > limit && 'ASR', most > accuracyDrop + 1e-9 && 'accuracy'].filter(Boolean).join(' and ')})`,
      ]);
    }
  }
  return table(
    ['models', 'attack', 'aim', 'largest true ASR', 'largest loss of clean accuracy', ''],
    rows,
    [0, 1, 2, 5],
  );
}

/** One row a scanned model. */
export function scanTable(scans: readonly Scan[]): string[] {
  const rows = scans.map((scan) => {
    const { cell, target, flagged, classes } = scan;
    const least = classes.reduce((best, c, i) => (c.share < classes[best]!.share ? i : best), 0);
    const shown = classes[target ?? least]!;
    return [
      `${DATA_TITLES[cell.data]}, ${cell.share} %`,
      ATTACK_TITLES[cell.attack],
      `${cell.seed}`,
      target === null ? `none (smallest: ${least})` : `${target}`,
      flagged.length ? flagged.join(', ') : 'none',
      shown.share.toFixed(2),
      shown.index.toFixed(1),
      judgement(scan),
    ];
  });
  return table(
    ['data', 'attack', 'seed', 'true target', 'flagged', 'share of median', 'anomaly index', ''],
    rows,
    [0, 1, 7],
  );
}

/** Whether a scan was right. */
export function judgement({
  target,
  flagged,
}: Scan): 'right' | 'false alarm' | 'missed' | 'another class' | 'another class too' {
  if (target === null) return flagged.length ? 'false alarm' : 'right';
  if (flagged.length === 0) return 'missed';
  if (!flagged.includes(target)) return 'another class';
  return flagged.length === 1 ? 'right' : 'another class too';
}

/** Processor seconds a cell, by task. */
export function costTable(seconds: ReadonlyMap<string, readonly number[]>): string[] {
  return table(
    ['task', 'cells', 'mean seconds', 'longest'],
    [...seconds].map(([task, all]) => [`\`${task}\``, `${all.length}`, mean(all).toFixed(0), `${Math.max(...all)}`]),
  );
}
