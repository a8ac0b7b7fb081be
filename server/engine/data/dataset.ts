import type { DataFormatName } from '../../protocol/data-source';

/**
 * What every data format gives. A split gives pixels on demand, so that no format ever has to hold a
 * whole set as floats.
 */
export interface Split {
  /** Number of images. */
  readonly count: number;
  /** [height, width, channels]. */
  readonly shape: readonly [number, number, number];
  /** Class index of each image, 0 … classes − 1; length `count`. */
  readonly labels: Int32Array;
  /**
   * Pixels of the named images in [0, 1] (stored value × `scale`), before mean/std normalisation, as a fresh array of
   * indices.length·height·width·channels values in NHWC order.
   */
  pixels(indices: ArrayLike<number>): Float32Array;
}

export interface DataSet {
  readonly format: DataFormatName;
  readonly train: Split;
  readonly test: Split;
  /** 1 + the largest label of both splits. */
  readonly classes: number;
  readonly shape: readonly [number, number, number];
  /** SHA-256 of each file's bytes, by the path as written in the config. */
  readonly files: { path: string; sha256: string }[];
}

/** Some images of a split, by index. */
export interface View {
  readonly split: Split;
  readonly indices: Int32Array;
}

/** The roles of design.md, as views of the data set. `holdout` and `fineTune` never overlap. */
export interface Roles {
  readonly analysis: View;
  readonly analysisRole: 'test' | 'holdout';
  readonly holdout: View;
  readonly fineTune: View;
  /** Training images that fine-tuning could have used. */
  readonly fineTuneAvailable: number;
  readonly test: View;
}

/** (pixel − mean) / std by channel; both of length 1 or channels. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}
