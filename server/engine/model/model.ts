import type { LayersModel, Tensor, Variable } from './tf-types';
import type { ModelFormatId, ModelSummary } from '../../protocol/model';
import type { Graph } from './graph';
import type { ManifestGroup, WeightLocation } from './formats/tfjs-layers/manifest';

/** An opened model, format by format behind one interface. Weights live in tf variables of `net`. */
export interface OpenModel {
  readonly format: ModelFormatId;
  /** Absolute path it was opened from. */
  readonly path: string;
  readonly summary: ModelSummary;
  /**
   * The built network. Its classifier gives logits: a softmax at the end is taken off when the model is opened (arg max does
   * not change) and is back in the saved file, whose JSON is the input's.
   */
  readonly net: LayersModel;
  /** [height, width, channels]. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** SHA-256: canonical JSON of `modelTopology`; weight bytes in manifest order. */
  readonly hashes: { topology: string; weights: string };
  /** Layers in topological order, as they are executed. */
  readonly order: readonly string[];
  /** The same network as plain data: what `forward`, `masksFor` and `findUnitSite` work from. */
  readonly graph: Graph;
  /** The file as it was read: what saving starts from. */
  readonly source: ModelSource;
  dispose(): void;
}

/** A model's files as they were read. */
export interface ModelSource {
  /** model.json, byte for byte. */
  readonly json: Uint8Array;
  readonly groups: readonly SourceGroup[];
  /** Where each weight of the network lies; bytes of other tensors are kept as they are. */
  readonly weights: readonly WeightLocation[];
}

/** Weight bytes of one group of the manifest, its shards joined. */
export interface SourceGroup {
  readonly manifest: ManifestGroup;
  readonly bytes: Uint8Array;
  /** Size of each shard file, in the order of `manifest.paths`. */
  readonly shardSizes: readonly number[];
}

/** Where units are measured and masked: see "unit" and "pruned neuron" in design.md. */
export interface UnitSite {
  /** The layer that makes the units. */
  readonly layer: string;
  readonly kind: 'Dense' | 'Conv2D' | 'Add';
  readonly chosen: 'penultimate' | 'named' | 'last';
  readonly units: number;
  /** Name of the activation function whose output is measured; `linear` for none. */
  readonly activation: string;
  /** Whether that function can give values below zero. */
  readonly canBeNegative: boolean;
  /** Layer whose output tensor holds the units on its last axis, after BatchNorm and activation. */
  readonly tap: string;
  /** True when only inference-time identities (Dropout, Flatten of a vector, Activation linear) lie between tap and classifier Dense. */
  readonly feedsClassifier: boolean;
  readonly classifier: string;
}

/** A 0/1 tensor for each variable that a set of pruned units touches. */
export interface Masks {
  /** Variables with the mask that holds pruned entries at zero; same shapes. */
  readonly entries: readonly { variable: Variable; mask: Tensor }[];
  /** Multiplies every variable with its mask. */
  apply(): void;
  dispose(): void;
}

/** Everything the tail of the network needs, computed once per batch. */
export interface Frontier {
  /** Output of the tap: [N, units] or [N, h, w, units]. */
  readonly units: Tensor;
  /** Other tensors, by layer name, that layers after the tap read (skip connections). */
  readonly others: ReadonlyMap<string, Tensor>;
  dispose(): void;
}
