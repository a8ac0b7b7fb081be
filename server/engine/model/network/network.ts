import type { UnitSite } from '../model';
import type { Masks } from '../masks';

/**
 * A network that runs and learns. Its callers give and get plain arrays; how it computes, and where the weights are meanwhile, is its own
 * business. Nothing of it may be used after `dispose`.
 */
export interface Network {
  /** Logits of a batch at inference: [rows, classes] row-major. */
  forward(batch: Batch): Float32Array;
  /** softmax(logits / temperature) of a batch at inference: [rows, classes] row-major. */
  probabilities(batch: Batch, temperature: number): Float32Array;
  /** The network up to the units, at inference. The caller disposes what it gets. */
  forwardTo(site: UnitSite, batch: Batch): Frontier;
  /**
   * The rest of the network, at inference.
   * @param keep what each unit is multiplied with, such as 0 for a silenced one; length `site.units`. Left out: nothing is changed
   * @returns logits [rows, classes] row-major
   */
  forwardFrom(site: UnitSite, frontier: Frontier, keep?: Float32Array): Float32Array;
  /** Gradient of a loss by the batch's pixels, at inference: as long as the pixels, with the logits on the way. */
  inputGradient(batch: Batch, loss: InputLoss): { gradient: Float32Array; logits: Float32Array };
  /** Begins a training; the caller disposes it. */
  training(options: TrainingOptions): Training;
  /** A parameter's values as they are now, a copy, row-major. @param parameter its id */
  read(parameter: string): Float32Array;
  /** Replaces a parameter's values. */
  write(parameter: string, values: Float32Array): void;
  dispose(): void;
}

/** Images as the model takes them. */
export interface Batch {
  /** Normalised, [rows, height, width, channels] row-major. */
  readonly pixels: Float32Array;
  readonly rows: number;
}

/** What the network behind the units needs, computed once for a batch. */
export interface Frontier {
  /** [height, width] of a feature map, [1, positions] of units behind a reshape, [] of a vector. */
  readonly positions: readonly number[];
  /** Memory that it takes. */
  readonly bytes: number;
  /** The units' values: for each image and position a row of `site.units`. */
  values(): Float32Array;
  /** Means over the positions: [rows, units] row-major. */
  means(): Float32Array;
  dispose(): void;
}

/** What an input gradient goes down: cross-entropy (nats) to a wanted class for each row, summed over the rows. */
export interface InputLoss {
  readonly kind: 'cross-entropy';
  /** Length `rows`. */
  readonly classes: Int32Array;
}

export interface TrainingOptions {
  /** Values held at zero: they start there, and neither they nor their moments move. */
  readonly masks: Masks | null;
  /** Labels of the layers that are not trained: they run as at inference. */
  readonly frozen: readonly string[];
  /** How a teacher's answers are followed; needed where batches have them. */
  readonly distillation?: { readonly temperature: number; readonly weight: number };
}

/** Adam (Kingma, Ba 2015, algorithm 1) on cross-entropy; its moments live as long as the training. */
export interface Training {
  /**
   * One step: dropout drops, batch normalisation uses and moves the batch's statistics.
   * @returns mean cross-entropy with the labels (nats per image) and number of images classified as labelled, both before the step
   */
  step(batch: TrainingBatch): { loss: number; correct: number };
  dispose(): void;
}

export interface TrainingBatch extends Batch {
  /** Length `rows`. */
  readonly labels: Int32Array;
  readonly learningRate: number;
  /** Seed of dropout and noise. */
  readonly seed: number;
  /** A teacher's answers at the distillation's temperature: [rows, classes] row-major. */
  readonly answers?: Float32Array;
}
