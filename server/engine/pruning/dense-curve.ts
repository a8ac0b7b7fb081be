/**
 * The pruning curve of a layer that feeds the classifier, from cached activations. Removing unit u takes a_u·W[u] from an
 * image's logits, so all n + 1 points cost one pass over activations and classifier weights instead of n + 1 forward passes.
 */
export interface DenseTail {
  units: number;
  classes: number;
  /** Classifier kernel, [units, classes] row-major. */
  kernel: Float32Array;
  /** Classifier bias, [classes]. */
  bias: Float32Array;
}

/** Counts, beside the hits, the inputs that are taken for one class: adds `weights` of each to `shares`, an entry a point. */
export interface Taken {
  target: number;
  weights: Float64Array;
  shares: Float64Array;
}

/**
 * hits[k] = number of images whose arg max is the wanted class when the first k units of `order` contribute nothing; length
 * order.length + 1.
 * @param activations [images, units] row-major, as they enter the classifier
 * @param wanted wanted class of each image, or one for all
 */
export function denseCurveHits(
  activations: Float32Array,
  tail: DenseTail,
  order: Int32Array,
  wanted: Int32Array | number,
  taken?: Taken,
): Uint32Array {
  const { units, classes, kernel, bias } = tail;
  const images = activations.length / units;
  const hits = new Uint32Array(order.length + 1);
  // Float64 throughout: rounding then stays far below what float32 forward passes differ by among themselves.
  const logits = new Float64Array(classes);
  for (let i = 0; i < images; i++) {
    const row = i * units;
    for (let c = 0; c < classes; c++) logits[c] = bias[c]!;
    for (let u = 0; u < units; u++) {
      const a = activations[row + u]!;
      if (a !== 0) for (let c = 0; c < classes; c++) logits[c]! += a * kernel[u * classes + c]!;
    }
    const want = typeof wanted === 'number' ? wanted : wanted[i]!;
    const count = (k: number, best: number): void => {
      if (best === want) hits[k]!++;
      if (taken && best === taken.target) taken.shares[k]! += taken.weights[i]!;
    };
    let best = argMax(logits);
    count(0, best);
    for (let k = 0; k < order.length; k++) {
      const u = order[k]!;
      const a = activations[row + u]!;
      if (a !== 0) {
        for (let c = 0; c < classes; c++) logits[c]! -= a * kernel[u * classes + c]!;
        // With everything pruned only the bias is left, exactly; the residue of the subtractions must not decide.
        best = argMax(k === units - 1 ? bias : logits);
      } else if (k === units - 1) best = argMax(bias);
      count(k + 1, best);
    }
  }
  return hits;
}

function argMax(values: ArrayLike<number>): number {
  let at = 0;
  for (let c = 1; c < values.length; c++) if (values[c]! > values[at]!) at = c;
  return at;
}
