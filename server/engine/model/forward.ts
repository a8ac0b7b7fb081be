import * as tf from '@tensorflow/tfjs-core';
import { frozenLayers } from './frozen';
import { kernelOf, type Kernel, type Mode } from './kernels';
import type { Frontier, OpenModel, UnitSite } from './model';
import { variableOf } from './net';
import { convOfPool, pooledConv } from './pooled-conv';

/** One layer to run. */
interface Step {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly run: Kernel;
}

interface Plan {
  readonly steps: readonly Step[];
  /** The same network with steps joined that are cheaper to differentiate as one. */
  readonly training: readonly Step[];
  /** Head and tail of the network by tap. */
  readonly splits: Map<string, Split>;
}

interface Split {
  readonly head: readonly Step[];
  readonly tail: readonly Step[];
  /** Layers outside of the tail, other than the tap, that the tail reads. */
  readonly others: readonly string[];
}

const plans = new WeakMap<OpenModel, Plan>();
const INFERENCE: Mode = { training: false, seed: 0 };
const DIFFERENTIABLE: Mode = { training: false, differentiable: true, seed: 0 };

/**
 * Logits of a batch.
 *
 * In training mode dropout drops, with a mask made of `dropoutSeed` and the layer's place alone, and BatchNorm uses and moves
 * batch statistics (but not in frozen layers). Can be differentiated; so can inference with `differentiable`, which holds every
 * layer's output until the gradient is there.
 *
 * @param x [N, height, width, channels], normalised as the model expects
 * @returns [N, classes]
 */
export function forward(
  model: OpenModel,
  x: tf.Tensor4D,
  opts: { training?: boolean; dropoutSeed?: number; differentiable?: boolean } = {},
): tf.Tensor2D {
  const mode = opts.training
    ? { training: true, seed: opts.dropoutSeed ?? 0 }
    : opts.differentiable
      ? DIFFERENTIABLE
      : INFERENCE;
  return tf.tidy(
    () =>
      run(
        mode === INFERENCE ? planOf(model).steps : planOf(model).training,
        new Map([[model.graph.input, shaped(model, x)]]),
        model.graph.output,
        mode,
      ) as tf.Tensor2D,
  );
}

/**
 * The network up to the units, at inference: their values, and whatever else the rest of the network reads.
 *
 * @returns units as [N, units] or [N, h, w, units] (where the tap lies behind a Flatten: [N, 1, positions, units]); dispose it
 */
export function forwardTo(model: OpenModel, site: UnitSite, x: tf.Tensor4D): Frontier {
  const { head, others } = splitOf(model, site);
  const [units, ...rest] = tf.tidy(() => {
    const values = new Map<string, tf.Tensor>([[model.graph.input, shaped(model, x)]]);
    run(head, values, [site.tap, ...others], INFERENCE);
    const tap = values.get(site.tap)!;
    const viewed = tap.shape.at(-1) === site.units ? tap : tf.reshape(tap, [tap.shape[0]!, 1, -1, site.units]);
    // A tensor of the caller's must not be disposed with the frontier.
    return [viewed, ...others.map((name) => values.get(name)!)].map((t) => (t.id === x.id ? tf.clone(t) : t));
  }) as [tf.Tensor, ...tf.Tensor[]];
  return {
    units,
    others: new Map(others.map((name, i) => [name, rest[i]!])),
    dispose: () => tf.dispose([units, ...rest]),
  };
}

/**
 * The rest of the network, at inference.
 *
 * @param units what to put in place of the frontier's units; same shape
 * @returns logits [N, classes]
 */
export function forwardFrom(
  model: OpenModel,
  site: UnitSite,
  frontier: Frontier,
  units: tf.Tensor = frontier.units,
): tf.Tensor2D {
  const { tail } = splitOf(model, site);
  return tf.tidy(() => {
    const tapShape = model.graph.byName.get(site.tap)!.outputShape;
    const tap = units.rank === tapShape.length + 1 ? units : tf.reshape(units, [-1, ...tapShape]);
    return run(tail, new Map([[site.tap, tap], ...frontier.others]), model.graph.output, INFERENCE) as tf.Tensor2D;
  });
}

function planOf(model: OpenModel): Plan {
  let plan = plans.get(model);
  if (!plan) {
    const frozen = new Set(frozenLayers(model.graph).map((f) => f.layer));
    const steps = model.graph.layers.flatMap((layer, index): Step[] =>
      layer.op.kind === 'input'
        ? []
        : [
            {
              name: layer.name,
              inputs: layer.inputs,
              run: kernelOf(layer, index, (weight) => variableOf(model.net, layer, weight), frozen.has(layer.name)),
            },
          ],
    );
    plan = { steps, training: trainingSteps(model, steps, frozen), splits: new Map() };
    plans.set(model, plan);
  }
  return plan;
}

function trainingSteps(model: OpenModel, steps: readonly Step[], frozen: ReadonlySet<string>): Step[] {
  const joined = new Map<string, Step>();
  const gone = new Set<string>();
  for (const pool of model.graph.layers) {
    const conv = convOfPool(model.graph, pool);
    if (!conv || frozen.has(conv.name)) continue;
    gone.add(conv.name);
    joined.set(pool.name, {
      name: pool.name,
      inputs: conv.inputs,
      run: pooledConv(conv, pool, (weight) => variableOf(model.net, conv, weight)),
    });
  }
  return steps.filter((step) => !gone.has(step.name)).map((step) => joined.get(step.name) ?? step);
}

function splitOf(model: OpenModel, site: UnitSite): Split {
  const plan = planOf(model);
  let split = plan.splits.get(site.tap);
  if (!split) {
    const behind = new Set([site.tap]);
    const tail = plan.steps.filter((step) => {
      const belongs = step.name !== site.tap && step.inputs.some((name) => behind.has(name));
      if (belongs) behind.add(step.name);
      return belongs;
    });
    const others = [...new Set(tail.flatMap((step) => step.inputs.filter((name) => !behind.has(name))))];
    split = { head: plan.steps.filter((step) => !tail.includes(step)), tail, others };
    plan.splits.set(site.tap, split);
  }
  return split;
}

/**
 * Runs steps in order and returns the (first) wanted tensor. At inference, tensors are disposed as soon as nothing reads them
 * any more: a deep network at a large batch would else hold every layer's output at once.
 */
function run(
  steps: readonly Step[],
  values: Map<string, tf.Tensor>,
  wanted: string | readonly string[],
  mode: Mode,
): tf.Tensor {
  const kept = new Set(typeof wanted === 'string' ? [wanted] : wanted);
  const given = new Set([...values.values()].map((t) => t.id));
  const lastReader = new Map<string, Step>();
  const disposing = !mode.training && !mode.differentiable;
  if (disposing) for (const step of steps) for (const name of step.inputs) lastReader.set(name, step);
  for (const step of steps) {
    values.set(
      step.name,
      step.run(
        step.inputs.map((name) => values.get(name)!),
        mode,
      ),
    );
    if (!disposing) continue;
    for (const name of new Set(step.inputs)) {
      if (lastReader.get(name) !== step || kept.has(name)) continue;
      const done = values.get(name)!;
      values.delete(name);
      // Identities hand on the tensor itself.
      if (!given.has(done.id) && ![...values.values()].some((t) => t.id === done.id)) done.dispose();
    }
  }
  return values.get(typeof wanted === 'string' ? wanted : wanted[0]!)!;
}

/** The batch as the network's input takes it: models of [height, width] have no axis for the one channel. */
function shaped(model: OpenModel, x: tf.Tensor4D): tf.Tensor {
  const shape = model.graph.byName.get(model.graph.input)!.outputShape;
  return shape.length === 3 ? x : tf.reshape(x, [-1, ...shape]);
}
