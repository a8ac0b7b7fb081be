import * as tf from '@tensorflow/tfjs-core';
import type { Graph, Parameter } from '../../graph';
import type { UnitSite } from '../../model';
import type { Batch, Frontier, InputLoss, Network, Training, TrainingOptions } from '../network';
import type { Mode } from './kernels';
import { oneHot, softmaxCrossEntropy } from './loss';
import { planOf, run, splitAt, type Plan, type Split } from './plan';
import { EagerTraining } from './eager-training';

const INFERENCE: Mode = { training: false, seed: 0 };
const DIFFERENTIABLE: Mode = { training: false, differentiable: true, seed: 0 };

/** A network that TF.js runs op by op, on any backend. */
export class EagerNetwork implements Network {
  private readonly variables: ReadonlyMap<string, tf.Variable>;
  private readonly plan: Plan;
  private readonly splits = new Map<string, Split>();

  /** @param valuesOf a parameter's start values, row-major; a backend may keep the array */
  constructor(
    private readonly graph: Graph,
    valuesOf: (parameter: Parameter) => Float32Array,
  ) {
    this.variables = new Map(
      graph.parameters.map((parameter) => [
        parameter.id,
        tf.tidy(() => tf.variable(tf.tensor(valuesOf(parameter), [...parameter.shape]), parameter.trainable)),
      ]),
    );
    this.plan = planOf(graph, (id) => this.variable(id));
  }

  forward(batch: Batch): Float32Array {
    return valuesOf(() => this.logits(this.inputOf(batch), INFERENCE));
  }

  probabilities(batch: Batch, temperature: number): Float32Array {
    return valuesOf(() => tf.softmax(tf.div(this.logits(this.inputOf(batch), INFERENCE), temperature)));
  }

  forwardTo(site: UnitSite, batch: Batch): Frontier {
    const { head, others } = this.splitOf(site);
    const [units, ...rest] = tf.tidy(() => {
      const values = new Map([[this.graph.input, this.inputOf(batch)]]);
      run(head, values, [site.tap, ...others], INFERENCE);
      const tap = values.get(site.tap)!;
      const viewed = tap.shape.at(-1) === site.units ? tap : tf.reshape(tap, [tap.shape[0]!, 1, -1, site.units]);
      return [viewed, ...others.map((id) => values.get(id)!)];
    }) as [tf.Tensor, ...tf.Tensor[]];
    return new EagerFrontier(units, new Map(others.map((id, i) => [id, rest[i]!])));
  }

  forwardFrom(site: UnitSite, frontier: Frontier, keep?: Float32Array): Float32Array {
    if (!(frontier instanceof EagerFrontier)) throw new TypeError('the frontier is one of another network');
    const { tail } = this.splitOf(site);
    return valuesOf(() => {
      const units = keep ? tf.mul(frontier.units, tf.tensor1d(keep.slice())) : frontier.units;
      const { shape } = this.graph.byId.get(site.tap)!;
      const tap = units.rank === shape.length + 1 ? units : tf.reshape(units, [-1, ...shape]);
      const values = new Map([[site.tap, tap], ...frontier.others]);
      return run(tail, values, [this.graph.output], INFERENCE);
    });
  }

  inputGradient(batch: Batch, { classes }: InputLoss): { gradient: Float32Array; logits: Float32Array } {
    let gradient!: Float32Array;
    let logits!: Float32Array;
    // No tidy returns an array of numbers: TF.js would look at each of them for a tensor, which took longer than all its kernels.
    tf.tidy(() => {
      const targets = oneHot(classes, this.graph.classes);
      let output: tf.Tensor2D | undefined;
      const gradientOf = tf.grad((x) => {
        output = tf.keep(this.logits(x, DIFFERENTIABLE));
        return tf.mul(softmaxCrossEntropy(targets, output), batch.rows);
      });
      gradient = gradientOf(this.inputOf(batch)).dataSync().slice() as Float32Array;
      logits = output!.dataSync() as Float32Array;
      output!.dispose();
    });
    return { gradient, logits };
  }

  training(options: TrainingOptions): Training {
    const trained = this.graph.parameters.filter(
      ({ trainable, label }) => trainable && !options.frozen.includes(label),
    );
    return new EagerTraining(
      options,
      new Map(trained.map(({ id }) => [id, this.variable(id)])),
      (batch) => this.logits(this.inputOf(batch), { training: true, seed: batch.seed }),
      this.graph.classes,
    );
  }

  read(parameter: string): Float32Array {
    // A copy: on the native engine a tensor may share its memory with what dataSync gives.
    return Float32Array.from(this.variable(parameter).dataSync());
  }

  write(parameter: string, values: Float32Array): void {
    const variable = this.variable(parameter);
    tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape)));
  }

  dispose(): void {
    tf.dispose([...this.variables.values()]);
  }

  /** @returns [N, classes] */
  private logits(x: tf.Tensor, mode: Mode): tf.Tensor2D {
    const steps = mode === INFERENCE ? this.plan.steps : this.plan.differentiable;
    return run(steps, new Map([[this.graph.input, x]]), [this.graph.output], mode) as tf.Tensor2D;
  }

  /** The batch as the network's input takes it: models of [height, width] have no axis for the one channel. */
  private inputOf({ pixels, rows }: Batch): tf.Tensor {
    return tf.tensor(pixels, [rows, ...this.graph.byId.get(this.graph.input)!.shape]);
  }

  private variable(id: string): tf.Variable {
    const variable = this.variables.get(id);
    if (!variable) throw new Error(`no parameter ${id} in the network`);
    return variable;
  }

  private splitOf({ tap }: UnitSite): Split {
    const known = this.splits.get(tap);
    if (known) return known;
    const split = splitAt(this.plan.steps, tap);
    this.splits.set(tap, split);
    return split;
  }
}

/** Tensors at a tap, and those that skip it. */
class EagerFrontier implements Frontier {
  constructor(
    /** [N, units] or [N, h, w, units]; where the tap is behind a reshape: [N, 1, positions, units]. */
    readonly units: tf.Tensor,
    /** Other tensors, by node, that nodes after the tap read (skip connections). */
    readonly others: ReadonlyMap<string, tf.Tensor>,
  ) {}

  get positions(): readonly number[] {
    return this.units.shape.slice(1, -1);
  }

  get bytes(): number {
    return [this.units, ...this.others.values()].reduce((sum, { size }) => sum + 4 * size, 0);
  }

  values(): Float32Array {
    return this.units.dataSync() as Float32Array;
  }

  means(): Float32Array {
    const axes = this.positions.map((_, axis) => axis + 1);
    return axes.length ? valuesOf(() => tf.mean(this.units, axes)) : this.values();
  }

  dispose(): void {
    tf.dispose([this.units, ...this.others.values()]);
  }
}

/** Values of a tensor, which is gone afterwards. */
function valuesOf(compute: () => tf.Tensor): Float32Array {
  let values!: Float32Array;
  tf.tidy(() => {
    values = compute().dataSync() as Float32Array;
  });
  return values;
}
