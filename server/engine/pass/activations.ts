/**
 * Running statistics of a layer's units over a data set, step 1 of Fine-Pruning (Liu, Dolan-Gavitt, Garg 2018, section 3):
 * activations after the activation function; for a convolution, mean over images and spatial positions. Sums are kept in
 * float64.
 */
export class ActivationStatistics {
  readonly sum: Float64Array;
  readonly sumAbs: Float64Array;
  /** Number of images on which the unit is above zero at any position. */
  readonly fires: Uint32Array;
  /** Sum by class: classSums[class][unit]. */
  readonly classSums: Float64Array[];
  readonly classImages: Uint32Array;
  private readonly low: Float32Array;
  private readonly high: Float32Array;
  images = 0;
  private positions = 1;

  constructor(
    readonly units: number,
    readonly classes: number,
  ) {
    this.sum = new Float64Array(units);
    this.sumAbs = new Float64Array(units);
    this.fires = new Uint32Array(units);
    this.classSums = Array.from({ length: classes }, () => new Float64Array(units));
    this.classImages = new Uint32Array(classes);
    this.low = new Float32Array(units).fill(Infinity);
    this.high = new Float32Array(units).fill(-Infinity);
  }

  /**
   * Adds `labels.length` images. `values` holds, image after image, `positions` rows of `units` activations (positions = 1
   * for a Dense layer, height·width for a convolution).
   */
  add(values: Float32Array, labels: Int32Array, positions: number): void {
    const { units, sum, sumAbs, fires, low, high } = this;
    this.positions = positions;
    const fired = new Uint8Array(units);
    let at = 0;
    for (let image = 0; image < labels.length; image++) {
      const classSum = this.classSums[labels[image]!]!;
      this.classImages[labels[image]!]!++;
      fired.fill(0);
      for (let p = 0; p < positions; p++) {
        for (let u = 0; u < units; u++, at++) {
          const a = values[at]!;
          if (a < low[u]!) low[u] = a;
          if (a > high[u]!) high[u] = a;
          if (a === 0) continue;
          sum[u]! += a;
          classSum[u]! += a;
          if (a > 0) {
            sumAbs[u]! += a;
            fired[u] = 1;
          } else sumAbs[u]! -= a;
        }
      }
      for (let u = 0; u < units; u++) fires[u]! += fired[u]!;
    }
    this.images += labels.length;
  }

  /** Mean activation of each unit. */
  mean(): Float64Array {
    const n = this.images * this.positions;
    return this.sum.map((s) => s / n);
  }

  /** Mean absolute activation of each unit. */
  meanAbs(): Float64Array {
    const n = this.images * this.positions;
    return this.sumAbs.map((s) => s / n);
  }

  /** Mean of one unit on the images of each class; 0 for a class without images. */
  perClass(unit: number): number[] {
    return this.classSums.map((sums, c) =>
      this.classImages[c] ? sums[unit]! / (this.classImages[c]! * this.positions) : 0,
    );
  }

  /** Largest activation of each unit at any position; −∞ before the first image. */
  highest(): Float32Array {
    return this.high.slice();
  }

  /** Dead units: constant over every image and position seen. Ascending indices. */
  dead(): number[] {
    return Array.from({ length: this.units }, (_, u) => u).filter((u) => this.low[u] === this.high[u]);
  }
}
