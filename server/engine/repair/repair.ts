import type { StrategyName } from '../../protocol/config/config';
import type { FineTuningResult, Rate, Round } from '../../protocol/report/report';
import type { ScanResult } from '../../protocol/report/scan';
import type { ScanImages } from '../detect/scan-images';
import type { UnitSite } from '../model/model';
import type { Subject } from '../pass/subject';
import type { PassOptions } from '../pass/inputs';
import type { HeldOut } from './held-out';

/** What every repair works with. The model's variables hold the input model when it begins. */
export interface RepairContext {
  readonly subject: Subject;
  readonly heldOut: HeldOut;
  /** Of the input model; null where none was made. */
  readonly scan: ScanResult | null;
  /** That triggers are searched on; null without a scan. */
  readonly images: ScanImages | null;
  /** Classes that are suspicious, and the known trigger's target: what a guided repair works against. */
  readonly targets: readonly number[];
  readonly pass: PassOptions;
  /** How far the repair is, 0 to 1, and the training figures so far. */
  readonly onProgress: (share: number, soFar?: { loss: number; accuracy: number }) => void;
}

/** A repaired model, which the variables now hold, and how it came about. */
export interface Repaired {
  /** Layer whose units were pruned, in the order in which its curve prunes; null where nothing is pruned. */
  readonly pruned: {
    site: UnitSite;
    order: Int32Array;
    units: number[];
    rule: 'clean-mean' | 'clean-mean-abs' | 'triggered-difference';
  } | null;
  readonly rounds: Round[];
  readonly keptRound: number;
  readonly training: Pick<FineTuningResult, 'epochs' | 'steps' | 'learningRate' | 'batchSize' | 'history'>;
  /** On the kept round; null where no target is suspicious. */
  readonly fresh: { target: number; norm: number; success: Rate }[] | null;
}

/** A way to repair a model: one of `config.strategy`. */
export interface Repair {
  readonly name: StrategyName;
  /** Where the method is from. */
  readonly source: string;
  /** Whether it works against estimated triggers, and can do nothing without a suspicious class. */
  readonly needsTarget: boolean;
  /** Rough cost in passes over the fine-tuning images, for progress and for the order of `auto`. */
  readonly cost: number;
  run(context: RepairContext): Promise<Repaired>;
}
