import type { LayerData, LimitData, ModelState } from '../../protocol/messages/inspect';
import type { OpenModel, UnitSite } from '../model/model';
import type { Frontier } from '../model/network/network';
import type { Analysed } from './analyse';
import type { Held } from './byte-cache';
import type { Subject } from './subject';

/** Everything that was computed about one layer of one model, for as long as it is kept. */
export interface LayerState extends Held {
  readonly subject: Subject;
  readonly model: OpenModel;
  readonly state: ModelState;
  readonly site: UnitSite;
  /** Clean inputs that the analysis reads; often the same object as `test`. */
  readonly clean: Analysed;
  readonly test: Analysed;
  readonly triggered: Analysed | null;
  readonly data: LayerData;
  /** Filled when they are first asked for. */
  limit?: LimitData;
  /** Tensors at the tap for a subset, for other layers. */
  frontiers?: { dispose(): void; bytes: number; clean: Frontiers; triggered: Frontiers | null };
}

/** A subset of a set with its tensors at the tap, batch after batch. */
export interface Frontiers {
  readonly positions: Int32Array;
  readonly batches: readonly { readonly frontier: Frontier; readonly start: number }[];
}
