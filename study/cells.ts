import { canonicalJson, sha256 } from '../server/engine/files/hash';
import {
  ATTACKS,
  attackSettings,
  HOLDOUT,
  REVISIONS,
  SEEDS,
  SHARES,
  STRATEGIES,
  type Attack,
  type DataSetName,
  type Share,
  type Task,
} from './settings';

/** One computation of the study: one result file. */
export interface Cell {
  data: DataSetName;
  share: Share;
  attack: Attack;
  seed: number;
  task: Task;
}

/** A model that cells share. */
export type Model = Pick<Cell, 'data' | 'attack' | 'seed'>;

export function cellName({ data, share, attack, seed, task }: Cell): string {
  return `${data}-${share}-${attack}-s${seed}-${task}`;
}

export function modelName({ data, attack, seed }: Model): string {
  return `${data}-${attack}-s${seed}`;
}

/**
 * All cells, those first that tell most: a first seed of everything small, then the spread over seeds of scan and `auto`, then more
 * data and another data set, then what is left of the grid.
 */
export function allCells(): Cell[] {
  const attacked = ATTACKS.filter((attack) => attack !== 'clean');
  const block = (data: DataSetName, share: Share, seeds: readonly number[], tasks: readonly Task[]): Cell[] =>
    seeds.flatMap((seed) =>
      tasks.flatMap((task) =>
        (task === 'scan' ? ATTACKS : attacked).map((attack) => ({ data, share, attack, seed, task })),
      ),
    );
  const first: Task[] = ['scan', 'auto'];
  const rest: Task[] = STRATEGIES.filter((strategy) => strategy !== 'auto');
  const further = SEEDS.slice(1);
  const [few, all] = SHARES;
  return [
    ...block('mnist', few, [SEEDS[0]], [...first, 'fine-pruning']),
    ...block('mnist', few, further, first),
    ...block(
      'mnist',
      few,
      [SEEDS[0]],
      rest.filter((task) => task !== 'fine-pruning'),
    ),
    ...block('mnist', all, [SEEDS[0]], first),
    ...block('fashion-mnist', few, [SEEDS[0]], first),
    ...block('mnist', few, further, rest),
    ...block('mnist', all, [SEEDS[0]], rest),
    ...block('fashion-mnist', few, [SEEDS[0]], rest),
    // What a repair does where there is nothing to repair.
    ...SEEDS.map((seed): Cell => ({ data: 'mnist', share: few, attack: 'clean', seed, task: 'auto' })),
  ];
}

/** Hash of what an attacked model rests on. */
export function modelBasis({ data, attack, seed }: Model): string {
  return sha256(
    canonicalJson({ revision: REVISIONS.attack, data, attack, seed, settings: attackSettings(attack, seed) }),
  );
}

/** Hash of what a cell's result rests on: a result with another one is stale. */
export function basisOf(cell: Cell): string {
  const revision = REVISIONS[cell.task];
  return sha256(
    canonicalJson({
      revision: typeof revision === 'number' ? revision : revision[cell.share],
      cell: { ...cell },
      model: modelBasis(cell),
      settings: cell.task === 'scan' ? null : defenseSettings(cell),
    }),
  );
}

/** What a cell's defense config says beside its paths. The trigger is for the tool to find, so it is not named. */
export function defenseSettings({ share, seed, task }: Cell) {
  if (task === 'scan') throw new TypeError('a scan has no defense config');
  return {
    trigger: 'inverted',
    strategy: task,
    data: { analysis: 'holdout', holdout: HOLDOUT[share] },
    seed,
    threads: 1,
  } as const;
}

/** Whether a pattern of `--only` means a cell: its whole name, with * for anything. */
export function matches(cell: Cell, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(cellName(cell));
}
