import type { StrategyName } from '../config';
import type { TriggeredRate } from './metrics';
import type { Gate } from './report';
import type { ScanResult } from './scan';

/** One repair that was tried. Everything in it was measured on held-out clean images; none of it on the test set. */
export interface Attempt {
  strategy: StrategyName;
  /** Paper that the strategy is from. */
  source: string;
  /** Layer whose units were pruned, and which; empty where nothing is pruned. */
  layer: string;
  units: number[];
  /** Rounds of inversion and fine-tuning; one for strategies without an inversion. */
  rounds: Round[];
  /** Number of the round that was kept, counted from 1. */
  keptRound: number;
  heldOut: HeldOutFigures;
  /** Whether both gates are met on held-out images. */
  met: boolean;
  /** The gates that are missed there; empty where both are met. Absent in reports from before this field, whose choice went by another order. */
  missed?: Gate['id'][];
  /** Whether the defended model is this attempt's. */
  chosen: boolean;
  /** One sentence: what came out, and why it was kept or not. */
  sentence: string;
}

/** A round of a repair: with an inversion, the trigger that it was trained against. */
export interface Round {
  /** The triggers that this round's inversion found, by class; empty without an inversion. */
  inverted: { target: number; norm: number }[];
  epochs: number;
  /** Share of the fine-tuning images that were stamped, 0 to 1. */
  stamped: number;
  /** Mean loss (nats) and accuracy over the round's last epoch, as trained. */
  loss: number;
  accuracy: number;
  heldOut: HeldOutFigures;
}

export interface HeldOutFigures {
  images: number;
  /** Images classified as labelled, before the repair and after it. */
  correctBefore: number;
  correct: number;
  /** With the known trigger stamped; null without one that can be stamped. */
  knownTrigger: TriggeredRate | null;
  /** With the input model's estimated trigger stamped; null without one. */
  estimatedTrigger: TriggeredRate | null;
  /** With a trigger inverted afresh on the repaired model, no larger than the one estimated on the input model; null where none was made. */
  freshTrigger: TriggeredRate | null;
}

/** What speaks for a repair beyond the trigger that it was made with. */
export interface Proof {
  /** A scan of the repaired model, all classes anew. */
  scan: ScanResult;
  /**
   * For each class that was suspicious in the input model: the success of a trigger inverted afresh and held to the size of the
   * one found in the input model, on images of other classes that no trigger was searched on.
   */
  bounded: {
    target: number;
    /** Norm that it may have, in pixels. */ norm: number;
    before: TriggeredRate;
    after: TriggeredRate;
  }[];
  /** `test`: that success was measured on test images; absent: on held-out ones, as in reports from before this field. */
  measuredOn?: 'test';
  /** What the verdict rests on. */
  basis: 'known trigger' | 'known trigger and fresh inversion' | 'fresh inversion';
  /** One sentence. */
  sentence: string;
}
