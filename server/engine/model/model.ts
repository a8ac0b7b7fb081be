import type { ModelFormatId } from '../../protocol/files';
import type { ModelHashes, ModelSummary } from '../../protocol/model';
import type { Graph } from './graph';
import type { Network } from './network/network';
import type { Homes } from './parameters';
import type { UnreadTensor } from './unread';

/** An opened model of any format. */
export interface OpenModel {
  readonly format: ModelFormatId;
  /** Absolute path it was opened from; empty for a model that was made here. */
  readonly path: string;
  readonly summary: ModelSummary;
  readonly graph: Graph;
  /**
   * The network, with the weights as they are now. It gives logits: a softmax at the end is taken off when the model is opened (arg max
   * does not change) and is back in the saved file, whose structure is the input's.
   */
  readonly network: Network;
  /** [height, width, channels]. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Of the files as they were read: see `identity.ts`. */
  readonly hashes: ModelHashes;
  /** The weight bytes as they were read; `homes` says where in them each parameter is. */
  readonly segments: readonly Uint8Array[];
  readonly homes: Homes;
  /** Tensors of the file that no layer reads, all of them. */
  readonly unread: readonly UnreadTensor[];
  /** The file as it was read: what saving starts from. */
  readonly source: ModelSource;
  dispose(): void;
}

/** A model's files as they were read. */
export interface ModelSource {
  /** The file that was opened, byte for byte. */
  readonly main: Uint8Array;
  /** The files that the segments are cut into, in order: paths relative to the model's folder, and their sizes in bytes. */
  readonly files: readonly (readonly { readonly path: string; readonly bytes: number }[])[];
}

/** Where units are measured and masked: see "unit" and "pruned" in docs/developing.md. */
export interface UnitSite {
  /** Label of the layer that makes the units. */
  readonly layer: string;
  readonly kind: 'Dense' | 'Conv2D' | 'Add';
  readonly chosen: 'penultimate' | 'named' | 'last';
  readonly units: number;
  /** Name of the activation function whose output is measured; `linear` for none. */
  readonly activation: string;
  /** Whether that function can give values below zero. */
  readonly canBeNegative: boolean;
  /** Node whose output tensor holds the units on its last axis, after batch normalisation and activation. */
  readonly tap: string;
  /** True when only inference-time identities (dropout, a reshape of a vector) lie between tap and classifier. */
  readonly feedsClassifier: boolean;
}
