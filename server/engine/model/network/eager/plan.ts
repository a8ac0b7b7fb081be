import type * as tf from '@tensorflow/tfjs-core';
import { frozenLayers } from '../../frozen';
import { soleConsumer, type Graph, type Node } from '../../graph';
import { kernelOf, kernelWithRelu, type Kernel, type Mode, type Variables } from './kernels';
import { isRelu, pooledConv, pooledConvOf } from './pooled-conv';

/** A node to run, or several as one. */
interface Step {
  /** Id of the node whose output it gives. */
  readonly id: string;
  readonly inputs: readonly string[];
  readonly run: Kernel;
}

/** The steps of a network in order. */
export interface Plan {
  /** At inference. */
  readonly steps: readonly Step[];
  /** The same network with steps joined that are cheaper to differentiate as one. */
  readonly differentiable: readonly Step[];
}

/** A network cut at a tap. */
export interface Split {
  readonly head: readonly Step[];
  readonly tail: readonly Step[];
  /** Nodes outside of the tail, other than the tap, that the tail reads. */
  readonly others: readonly string[];
}

export function planOf(graph: Graph, variables: Variables): Plan {
  const frozen = new Set(frozenLayers(graph).map(({ layer }) => layer));
  const stepOf = (node: Node): Step => ({
    id: node.id,
    inputs: node.inputs,
    run: kernelOf(node, variables, frozen.has(node.label)),
  });
  const nodes = graph.nodes.filter(({ op }) => op.kind !== 'input');
  return {
    steps: joinedSteps(nodes, stepOf, (node) => {
      const relu = node.op.kind === 'dense' || node.op.kind === 'conv2d' ? soleConsumer(graph, node) : null;
      if (!relu || !isRelu(relu) || node.id === graph.output) return null;
      return { gone: [node], last: relu, inputs: node.inputs, run: kernelWithRelu(node, variables) };
    }),
    differentiable: joinedSteps(nodes, stepOf, (node) => {
      const found = pooledConvOf(graph, node);
      if (!found || frozen.has(found.conv.label)) return null;
      const { conv, relu, pool } = found;
      return {
        gone: relu ? [conv, relu] : [conv],
        last: pool,
        inputs: conv.inputs,
        run: pooledConv(found, variables),
      };
    }),
  };
}

/** Several nodes as one step in place of the last of them. */
interface Joined {
  readonly gone: readonly Node[];
  readonly last: Node;
  readonly inputs: readonly string[];
  readonly run: Kernel;
}

function joinedSteps(
  nodes: readonly Node[],
  stepOf: (node: Node) => Step,
  join: (node: Node) => Joined | null,
): Step[] {
  const joined = new Map<string, Step>();
  const gone = new Set<string>();
  for (const node of nodes) {
    const found = join(node);
    if (!found) continue;
    for (const { id } of found.gone) gone.add(id);
    joined.set(found.last.id, { id: found.last.id, inputs: found.inputs, run: found.run });
  }
  return nodes.filter(({ id }) => !gone.has(id)).map((node) => joined.get(node.id) ?? stepOf(node));
}

/** @throws RangeError when no step gives the tap's output */
export function splitAt(steps: readonly Step[], tap: string): Split {
  if (!steps.some(({ id }) => id === tap)) throw new RangeError(`no step gives node ${tap}`);
  const behind = new Set([tap]);
  const tail = steps.filter((step) => {
    const belongs = step.id !== tap && step.inputs.some((id) => behind.has(id));
    if (belongs) behind.add(step.id);
    return belongs;
  });
  const others = [...new Set(tail.flatMap((step) => step.inputs.filter((id) => !behind.has(id))))];
  return { head: steps.filter((step) => !tail.includes(step)), tail, others };
}

/**
 * Runs steps in order and returns the (first) wanted tensor. At inference, tensors are disposed as soon as nothing reads them
 * any more: a deep network at a large batch would else hold every node's output at once.
 *
 * @param values outputs that are known; those of the steps are added
 */
export function run(
  steps: readonly Step[],
  values: Map<string, tf.Tensor>,
  wanted: readonly string[],
  mode: Mode,
): tf.Tensor {
  const kept = new Set(wanted);
  const given = new Set([...values.values()].map((t) => t.id));
  const lastReader = new Map<string, Step>();
  const disposing = !mode.training && !mode.differentiable;
  if (disposing) for (const step of steps) for (const id of step.inputs) lastReader.set(id, step);
  for (const step of steps) {
    const inputs = step.inputs.map((id) => values.get(id)!);
    values.set(step.id, step.run(inputs, mode));
    if (!disposing) continue;
    for (const id of new Set(step.inputs)) {
      if (lastReader.get(id) !== step || kept.has(id)) continue;
      const done = values.get(id)!;
      values.delete(id);
      // Identities hand on the tensor itself.
      if (!given.has(done.id) && ![...values.values()].some((t) => t.id === done.id)) done.dispose();
    }
  }
  return values.get(wanted[0]!)!;
}
