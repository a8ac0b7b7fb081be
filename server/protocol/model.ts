import type { Failure } from './errors';
import type { ModelFormatId } from './files';

/** What identifies a model, in whatever file; SHA-256 in 64 hexadecimal digits each: see `engine/model/identity.ts`. */
export interface ModelIdentity {
  /** Of what the layers compute, without names: the op graph. */
  readonly topology: string;
  /** Of the values that the layers read. */
  readonly weights: string;
}

export interface ModelHashes extends ModelIdentity {
  /** Of how a file holds the two: its format, names, types and places of tensors. */
  readonly form: string;
}

/** Whether two models are the same, in whatever files. */
export function sameModel(a: ModelIdentity, b: ModelIdentity): boolean {
  return a.topology === b.topology && a.weights === b.weights;
}

/** Tensors of a model's file that no layer reads, other than the state of an optimizer and counters of steps. */
export interface UnreadTensors {
  count: number;
  bytes: number;
  /** The first of them, at most five. */
  names: string[];
}

/** What can be known of a model from its JSON alone, without reading weights. */
export interface ModelSummary {
  format: ModelFormatId;
  layers: LayerSummary[];
  /** [height, width, channels]; empty when the model does not say. */
  inputShape: number[];
  /** Width of the classifier; 0 when there is none. */
  classes: number;
  parameters: number;
  /** Name of the classifier layer, the last Dense layer (or 1×1 head) before the output. */
  classifier: string | null;
  /** The layer that is pruned when none is named. */
  penultimate: string | null;
  unread: UnreadTensors;
  /** Why this model cannot be defended, if it cannot. */
  problem?: Failure;
}

/** The layer that a strategy takes by itself: the penultimate one, else the last that can be pruned. */
export function strategyLayer({ penultimate, layers }: ModelSummary): string | null {
  return penultimate ?? layers.findLast(({ prunable }) => prunable)?.name ?? null;
}

export interface LayerSummary {
  name: string;
  className: string;
  /** Number of units or filters of a Dense or Conv2D layer, else null. */
  units: number | null;
  parameters: number;
  /** Whether it may be named in a config's `layer`. */
  prunable: boolean;
}
