import * as tf from '@tensorflow/tfjs-core';
import type { OpenModel } from '../model/model';

/** A model's weights at one moment, moving statistics included; restoring them changes its variables in place. */
export class Weights {
  private readonly values: Float32Array[];

  constructor(private readonly model: OpenModel) {
    // A copy: on the native engine a tensor may share its memory with what dataSync gave.
    this.values = variablesOf(model).map((variable) => Float32Array.from(variable.dataSync()));
  }

  restore(): void {
    tf.tidy(() =>
      variablesOf(this.model).forEach((variable, i) =>
        variable.assign(tf.tensor(this.values[i]!.slice(), variable.shape)),
      ),
    );
  }
}

/** All variables of the network, in its order. LayerVariable keeps its tf.Variable to itself; there is no public way to it. */
function variablesOf(model: OpenModel): tf.Variable[] {
  return model.net.layers.flatMap((layer) =>
    layer.weights.map((weight) => (weight as unknown as { val: tf.Variable }).val),
  );
}
