import type { KnownTriggerConfig, Strategy } from '../server/protocol/config/config';

/**
 * What the study varies, and what it holds fixed. A change here makes the results that rest on it stale: see `basisOf`.
 */

/** To be raised when the engine's figures change: models that are made, scans, repairs (for a share of clean data alone, where no other changes). Older results are then computed again. */
export const REVISIONS: Record<Task, number | Record<Share, number>> & { attack: number } = {
  attack: 1,
  scan: 3,
  'fine-pruning': 1,
  'fine-pruning-conv': 1,
  guided: { 5: 3, 100: 4 },
  'head-reset': 2,
  auto: { 5: 3, 100: 4 },
};

export const DATA_SETS = ['mnist', 'fashion-mnist'] as const;
export type DataSetName = (typeof DATA_SETS)[number];

/** Clean data that the defender has: percent of the training set. */
export const SHARES = [5, 100] as const;
export type Share = (typeof SHARES)[number];

/** `clean` is a model without a backdoor, for false alarms; `adaptive` is BadNets by the pruning-aware attack. */
export const ATTACKS = ['badnets', 'blended', 'sinusoidal', 'warped', 'adaptive', 'clean'] as const;
export type Attack = (typeof ATTACKS)[number];

export const STRATEGIES = [
  'fine-pruning',
  'fine-pruning-conv',
  'guided',
  'head-reset',
  'auto',
] as const satisfies readonly Strategy[];
/** What a cell computes: a scan of the attacked model, or a repair of it. */
export type Task = 'scan' | (typeof STRATEGIES)[number];

export const SEEDS = [0, 1, 2] as const;

/** Images of the training sets, and how many of the clean ones are held out from fine-tuning. */
export const TRAINING_IMAGES = 60_000;
export const HOLDOUT: Record<Share, number> = { 5: 500, 100: 5000 };

/** How an attacked model is made: the reference SimpleCNN, from scratch, by Adam. */
export interface AttackSettings {
  trigger: KnownTriggerConfig;
  poisonRate: number;
  noiseRate: number;
  /** Share of units that become decoys; null for plain training. */
  pruningAware: number | null;
  epochs: number;
  batchSize: number;
  learningRate: number;
}

/** The target class moves with the seed and from attack to attack, so that no method can lean on class 0. */
export function targetOf(attack: Attack, seed: number): number {
  return (3 * ATTACKS.indexOf(attack) + 7 * seed) % 10;
}

/** Corners and an edge; rows and columns are counted from 0 at the nearer edge. */
const PLACES = [
  { right: 1, bottom: 1 },
  { left: 2, top: 2 },
  { left: 13, bottom: 1 },
] as const;

export function attackSettings(attack: Attack, seed: number): AttackSettings {
  const target = targetOf(attack, seed);
  const plain = { poisonRate: 0.1, noiseRate: 0, pruningAware: null, epochs: 2, batchSize: 64, learningRate: 0.001 };
  const patch: KnownTriggerConfig = { kind: 'patch', target, size: [3, 3], value: 1, ...PLACES[seed % PLACES.length]! };
  switch (attack) {
    case 'badnets':
      return { ...plain, trigger: patch };
    case 'adaptive':
      return { ...plain, trigger: patch, pruningAware: 0.5 };
    case 'clean':
      return { ...plain, trigger: patch, poisonRate: 0 };
    case 'blended':
      return { ...plain, trigger: { kind: 'blended', target, alpha: 0.2, patternSeed: seed } };
    case 'sinusoidal':
      return { ...plain, trigger: { kind: 'sinusoidal', target } };
    case 'warped':
      // A warp is harder to learn than a pattern: its authors train for hundreds of epochs.
      return {
        ...plain,
        trigger: { kind: 'warped', target, strength: 0.5, patternSeed: seed },
        noiseRate: 0.2,
        epochs: 6,
      };
  }
}

/** What a repair by `auto` was to reach, the trigger unknown to it: largest true ASR and largest loss of clean accuracy, shares. */
export const GOALS: Record<Share, { accuracyDrop: number; success: Partial<Record<Attack, number>> }> = {
  5: { accuracyDrop: 0.007, success: { badnets: 0.05, blended: 0.05, sinusoidal: 0.05 } },
  100: { accuracyDrop: 0.003, success: { badnets: 0.01, blended: 0.05, sinusoidal: 0.01 } },
};

/** Seconds that a cell takes where two run beside each other, before any has been timed. */
export const ESTIMATES: Record<Task | 'attack', number> = {
  attack: 70,
  scan: 22,
  'fine-pruning': 25,
  'fine-pruning-conv': 70,
  guided: 85,
  'head-reset': 80,
  auto: 130,
};
