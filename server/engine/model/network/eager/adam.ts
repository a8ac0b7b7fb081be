import * as tf from '@tensorflow/tfjs-core';

/** Decay of the first and second moment, and the term that keeps the division finite (Kingma, Ba 2015, section 2). */
const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/**
 * Adam (Kingma, Ba 2015, algorithm 1) over all variables as one flat vector: the same numbers as a variable at a time, with a
 * fifteenth of the op calls, each of which crosses into the engine.
 */
export class Adam {
  private readonly sizes: number[];
  private readonly mask: tf.Tensor1D | null;
  private m: tf.Tensor1D;
  private v: tf.Tensor1D;
  private steps = 0;

  /**
   * @param variables trained variables, in a fixed order
   * @param masks 0/1 tensor of the same shape for variables with pruned entries: those keep a zero gradient and zero moments,
   *   so a weight that starts at zero stays there exactly
   */
  constructor(
    private readonly variables: readonly tf.Variable[],
    masks: ReadonlyMap<tf.Variable, tf.Tensor>,
  ) {
    this.sizes = variables.map((v) => v.size);
    const total = this.sizes.reduce((a, b) => a + b, 0);
    this.m = tf.keep(tf.zeros([total]));
    this.v = tf.keep(tf.zeros([total]));
    this.mask = masks.size
      ? tf.tidy(() => tf.keep(flat(variables.map((v) => masks.get(v) ?? tf.ones(v.shape)))))
      : null;
  }

  /** One step. `gradients` are in the order of the variables and have their shapes. */
  apply(gradients: readonly tf.Tensor[], learningRate: number): void {
    this.steps++;
    const rate = (learningRate * Math.sqrt(1 - BETA_2 ** this.steps)) / (1 - BETA_1 ** this.steps);
    const epsilon = EPSILON * Math.sqrt(1 - BETA_2 ** this.steps);
    const [m, v, updates] = tf.tidy(() => {
      let g = flat(gradients);
      if (this.mask) g = tf.mul(g, this.mask);
      const nextM = tf.add(tf.mul(this.m, BETA_1), tf.mul(g, 1 - BETA_1)) as tf.Tensor1D;
      const nextV = tf.add(tf.mul(this.v, BETA_2), tf.mul(tf.square(g), 1 - BETA_2)) as tf.Tensor1D;
      const update = tf.mul(tf.div(nextM, tf.add(tf.sqrt(nextV), epsilon)), rate);
      // Kept: the caller's own tidy must not take the moments with it.
      return [tf.keep(nextM), tf.keep(nextV), tf.split(update, this.sizes)] as [tf.Tensor1D, tf.Tensor1D, tf.Tensor[]];
    });
    tf.dispose([this.m, this.v]);
    this.m = m;
    this.v = v;
    tf.tidy(() =>
      this.variables.forEach((variable, i) =>
        variable.assign(tf.sub(variable, tf.reshape(updates[i]!, variable.shape))),
      ),
    );
    tf.dispose(updates);
  }

  dispose(): void {
    tf.dispose([this.m, this.v]);
    this.mask?.dispose();
  }
}

function flat(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.concat(tensors.map((t) => tf.reshape(t, [-1]) as tf.Tensor1D));
}
