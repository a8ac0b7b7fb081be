import { allCells, cellName, type Cell } from '../cells';
import type { Figures, Known, RepairFigures, ScanFigures } from '../result';
import {
  ATTACKS,
  DATA_SETS,
  SHARES,
  STRATEGIES,
  targetOf,
  type Attack,
  type DataSetName,
  type Share,
  type Task,
} from '../settings';

export type Strategy = Exclude<Task, 'scan'>;
export type Results = ReadonlyMap<string, Known>;

/** Models of one data set, defended with one share of clean data. */
export interface Group {
  data: DataSetName;
  share: Share;
  rows: Row[];
}

/** One attack and one strategy over the seeds. */
export interface Row {
  attack: Attack;
  strategy: Strategy;
  done: Repair[];
  missing: Cell[];
}

export interface Repair extends RepairFigures {
  cell: Cell;
}

export interface Scan extends ScanFigures {
  cell: Cell;
  /** True target class; null for a clean model. */
  target: number | null;
}

export const DATA_TITLES: Record<DataSetName, string> = { mnist: 'MNIST', 'fashion-mnist': 'Fashion-MNIST' };
export const ATTACK_TITLES: Record<Attack, string> = {
  badnets: 'BadNets',
  blended: 'Blended',
  sinusoidal: 'SIG',
  warped: 'WaNet',
  adaptive: 'BadNets, pruning-aware',
  clean: 'no backdoor',
};

export function groupTitle({ data, share }: Pick<Cell, 'data' | 'share'>): string {
  return `${DATA_TITLES[data]}, ${share} % of the clean data`;
}

/** A model as lists name it. */
export function modelTitle({ data, attack, seed }: Pick<Cell, 'data' | 'attack' | 'seed'>): string {
  return `${ATTACK_TITLES[attack]}, ${DATA_TITLES[data]}, seed ${seed}`;
}

/** Repairs of attacked models, in the order of the settings. */
export function groups(results: Results): Group[] {
  const cells = allCells();
  const found: Group[] = [];
  for (const data of DATA_SETS) {
    for (const share of SHARES) {
      const rows = ATTACKS.filter((attack) => attack !== 'clean').flatMap((attack) =>
        STRATEGIES.map((strategy) =>
          rowOf(
            cells.filter((c) => c.data === data && c.share === share && c.attack === attack && c.task === strategy),
            attack,
            strategy,
            results,
          ),
        ),
      );
      if (rows.some(({ done, missing }) => done.length + missing.length > 0)) found.push({ data, share, rows });
    }
  }
  return found;
}

/** `auto` on models without a backdoor. */
export function cleanRepairs(results: Results): Row {
  return rowOf(
    allCells().filter((c) => c.attack === 'clean' && c.task === 'auto'),
    'clean',
    'auto',
    results,
  );
}

function rowOf(cells: readonly Cell[], attack: Attack, strategy: Strategy, results: Results): Row {
  const row: Row = { attack, strategy, done: [], missing: [] };
  for (const cell of [...cells].sort((a, b) => a.seed - b.seed)) {
    const known = results.get(cellName(cell));
    if (known?.state === 'done' && known.result.repair) row.done.push({ cell, ...known.result.repair });
    else row.missing.push(cell);
  }
  return row;
}

export function scans(results: Results): { done: Scan[]; missing: Cell[] } {
  const done: Scan[] = [];
  const missing: Cell[] = [];
  for (const cell of allCells().filter(({ task }) => task === 'scan')) {
    const known = results.get(cellName(cell));
    if (known?.state === 'done' && known.result.scan)
      done.push({
        cell,
        target: cell.attack === 'clean' ? null : targetOf(cell.attack, cell.seed),
        ...known.result.scan,
      });
    else missing.push(cell);
  }
  return { done, missing };
}

/** Why a cell is missing, in a few words. */
export function whyMissing(cell: Cell, results: Results): string {
  const known = results.get(cellName(cell));
  if (known?.state === 'failed') return known.failure.message;
  return known?.state === 'stale' ? 'its settings have changed since it was computed' : 'not computed yet';
}

export const accuracy = ({ correct, of }: Figures): number => correct / of;
export const success = ({ successful, ofTriggered }: Figures): number => successful / ofTriggered;
export const robust = (figures: Figures): number => figures.robust / figures.ofTriggered;
/** Loss of clean accuracy, a share; negative for a gain. */
export const loss = ({ before, after }: Pick<Repair, 'before' | 'after'>): number => accuracy(before) - accuracy(after);

export function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** `0.12`: percent with two decimals, without the sign for it. */
export function points(share: number): string {
  return (100 * share).toFixed(2);
}

/** `0.12 (0.06–0.20)`, or one figure alone where there is one. */
export function spread(shares: readonly number[]): string {
  if (shares.length === 0) return '';
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  return shares.length === 1 || points(low) === points(high)
    ? points(mean(shares))
    : `${points(mean(shares))} (${points(low)}–${points(high)})`;
}
