import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { frozenLayers } from '../../../server/engine/model/frozen';
import { encodeWeights } from '../../../server/engine/model/formats/tfjs-layers/save';
import type { OpenModel } from '../../../server/engine/model/model';
import { planOf, run, type Plan } from '../../../server/engine/model/network/eager/plan';
import type { Batch } from '../../../server/engine/model/network/network';
import type { ModelJson } from './support';

/** Images as a network takes them. */
export function batchOf(x: tf.Tensor4D): Batch {
  return { pixels: x.dataSync().slice() as Float32Array, rows: x.shape[0] };
}

/** Logits at inference, [N, classes]. */
export function logitsOf({ network, classes }: OpenModel, x: tf.Tensor4D): tf.Tensor2D {
  return tf.tensor2d(network.forward(batchOf(x)), [x.shape[0], classes]);
}

/** Row-major [n, n]. */
export function identity(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}

/** A model's eager plan on variables of its own, which a test can look at: the network itself gives and takes plain arrays. */
export class Inside {
  readonly variables: ReadonlyMap<string, tf.Variable>;
  private readonly plan: Plan;

  constructor(private readonly model: OpenModel) {
    this.variables = new Map(
      model.graph.parameters.map(({ id, shape, trainable }) => [
        id,
        tf.variable(tf.tensor(model.network.read(id), [...shape]), trainable),
      ]),
    );
    this.plan = planOf(model.graph, (id) => this.variables.get(id)!);
  }

  /** Parameters that training changes, with their layers, in the network's order. */
  trained(): { id: string; layer: string; variable: tf.Variable }[] {
    const frozen = new Set(frozenLayers(this.model.graph).map(({ layer }) => layer));
    return this.model.graph.parameters
      .filter(({ trainable, label }) => trainable && !frozen.has(label))
      .map(({ id, label }) => ({ id, layer: label, variable: this.variables.get(id)! }));
  }

  /** Logits in training mode, or of an inference that is differentiable. */
  forward(x: tf.Tensor, mode: { seed: number } | 'inference'): tf.Tensor2D {
    const { graph } = this.model;
    const input = tf.reshape(x, [-1, ...graph.byId.get(graph.input)!.shape]);
    return run(
      this.plan.differentiable,
      new Map([[graph.input, input as tf.Tensor]]),
      [graph.output],
      mode === 'inference' ? { training: false, differentiable: true, seed: 0 } : { training: true, seed: mode.seed },
    ) as tf.Tensor2D;
  }

  values(layer: string): Float32Array[] {
    return this.model.graph.parameters
      .filter(({ label }) => label === layer)
      .map(({ id }) => this.variables.get(id)!.dataSync().slice() as Float32Array);
  }

  dispose(): void {
    tf.dispose([...this.variables.values()]);
  }
}

/** The model as TF.js itself opens it, with the weights as they are now. */
export async function tfjsModelOf(model: OpenModel): Promise<L.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(model.source.main)) as ModelJson;
  return await L.loadLayersModel({
    load: async () => ({
      modelTopology: modelTopology as object,
      weightSpecs: weightsManifest!.flatMap(({ weights }) => weights) as never,
      weightData: Uint8Array.from(Buffer.concat(encodeWeights(model))).buffer,
    }),
  });
}
