import type { ActivationFunction } from './activation-functions';

/**
 * A network as this project understands it, whatever file it comes from: plain data, every field checked. Nodes compute, layers are
 * what the model's owner calls them. Shapes leave out the batch dimension; channels are always last.
 */
export interface Graph {
  /** In topological order, only those that the output depends on; the first is the input. */
  readonly nodes: readonly Node[];
  readonly byId: ReadonlyMap<string, Node>;
  /** Ids of the nodes that read each node's output, in order. */
  readonly consumers: ReadonlyMap<string, readonly string[]>;
  /** In the order of their nodes. */
  readonly layers: readonly Layer[];
  /** In the order of the layers that have them. */
  readonly parameters: readonly Parameter[];
  /** The node that gives the images. */
  readonly input: string;
  /** The node whose output is the logits. */
  readonly output: string;
  /** The last dense node: its units are the classes. */
  readonly classifier: string;
  readonly classes: number;
  /** Label of the layer whose softmax was taken off so that the output is logits; null when the file ends in logits. */
  readonly softmaxOf: string | null;
}

/** One operation. Ids are neutral; people see labels. */
export interface Node {
  readonly id: string;
  /** Label of the layer that it belongs to. */
  readonly label: string;
  readonly op: Op;
  /** Ids of the nodes whose outputs this one reads, in order. */
  readonly inputs: readonly string[];
  /** Ids of its parameters, by what they are to it. */
  readonly parameters: Readonly<Partial<Record<Role, string>>>;
  readonly shape: readonly number[];
}

/** A layer as its owner knows it: one node, or one and its activation function. */
export interface Layer {
  readonly label: string;
  /** What kind of layer the file says it is, such as `Conv2D`. */
  readonly type: string;
  /** Where the layer is in the file, in the format's own way: for TF.js a JSON path. */
  readonly place: string;
  /** Its nodes, in order: what enters goes into the first, what leaves comes from the last. */
  readonly nodes: readonly string[];
  readonly shape: readonly number[];
}

/** A tensor that training changes, or a statistic that it moves. */
export interface Parameter {
  /** Unique in the model: the layer's label and the weight's name, such as `dense_1/kernel`. */
  readonly id: string;
  readonly label: string;
  readonly role: Role;
  readonly shape: readonly number[];
  /** False for the moving statistics of batch normalisation. */
  readonly trainable: boolean;
}

/**
 * What a parameter is to its node. Kernels: [in, out] of dense, [height, width, in, out] of conv2d, [height, width, in, multiplier] of
 * depthwise; `scale`, `offset`, `mean`, `variance` of batch normalisation; `slope` of PReLU.
 */
export type Role = 'kernel' | 'bias' | 'scale' | 'offset' | 'mean' | 'variance' | 'slope';

export type Pair = readonly [number, number];
export type Padding = 'valid' | 'same';

interface Window {
  readonly strides: Pair;
  readonly padding: Padding;
}

/** What a node computes. */
export type Op =
  | { kind: 'input' }
  | { kind: 'dense' }
  | ({ kind: 'conv2d'; kernel: Pair; dilation: Pair } & Window)
  | ({ kind: 'depthwise'; multiplier: number; kernel: Pair; dilation: Pair } & Window)
  | ({ kind: 'pool'; how: 'max' | 'average'; size: Pair } & Window)
  | { kind: 'globalPool'; how: 'max' | 'average' }
  | { kind: 'batchNorm'; momentum: number; epsilon: number }
  /** `stream` gives each random node numbers of its own. */
  | { kind: 'dropout'; rate: number; spatial: boolean; stream: number }
  | { kind: 'noise'; how: 'add' | 'multiply'; deviation: number; stream: number }
  | { kind: 'activation'; function: ActivationFunction; slope?: number; max?: number }
  | { kind: 'softmax' }
  | { kind: 'prelu' }
  /** x · scale + offset, with numbers. */
  | { kind: 'affine'; scale: number; offset: number }
  /** To the node's shape, row-major. */
  | { kind: 'reshape' }
  | { kind: 'pad'; vertical: Pair; horizontal: Pair }
  | { kind: 'add' }
  /** Along the last axis. */
  | { kind: 'concat' }
  | { kind: 'identity' };

export type OpOf<Kind extends Op['kind']> = Extract<Op, { kind: Kind }>;

/** A function for each kind of node; the compiler asks for a new kind in every table. */
export type OpTable<Rest extends unknown[], Result> = {
  readonly [Kind in Op['kind']]: (op: OpOf<Kind>, ...rest: Rest) => Result;
};

/** Calls the table's function for the kind of `op`. */
export function forOp<Rest extends unknown[], Result>(table: OpTable<Rest, Result>, op: Op, ...rest: Rest): Result {
  // The compiler does not see that the function of a kind gets an op of that kind.
  return (table[op.kind] as (op: Op, ...rest: Rest) => Result)(op, ...rest);
}

/** The node of that id; asking for one that is not there is a defect of the caller. */
export function nodeOf(graph: Graph, id: string): Node {
  const node = graph.byId.get(id);
  if (!node) throw new Error(`no node ${id} in the graph`);
  return node;
}

/** The layer that its owner calls so; undefined where there is none. */
export function layerNamed(graph: Pick<Graph, 'layers'>, label: string): Layer | undefined {
  return graph.layers.find((layer) => layer.label === label);
}

/** The layer of a node. */
export function layerOf(graph: Pick<Graph, 'layers'>, { label }: Node): Layer {
  return layerNamed(graph, label)!;
}

/** The node that does a layer's work, before its activation function. */
export function mainNode(graph: Graph, { nodes }: Layer): Node {
  return nodeOf(graph, nodes[0]!);
}

/** The parameter of that id; asking for one that is not there is a defect of the caller. */
export function parameterOf(graph: Graph, id: string): Parameter {
  const parameter = graph.parameters.find((one) => one.id === id);
  if (!parameter) throw new Error(`no parameter ${id} in the graph`);
  return parameter;
}

/** Parameters of a layer, in the file's order. */
export function parametersOf(graph: Graph, { label }: Layer): Parameter[] {
  return graph.parameters.filter((parameter) => parameter.label === label);
}

/** The one node that reads a node's output; null where there is none or several do. */
export function soleConsumer(graph: Graph, { id }: Node): Node | null {
  const readers = graph.consumers.get(id)!;
  return readers.length === 1 ? nodeOf(graph, readers[0]!) : null;
}

/** Number of values in a tensor of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
