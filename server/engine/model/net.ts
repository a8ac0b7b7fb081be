import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import { input, layers as tfl, model as tfModel, type LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { activate } from './activations';
import { forOp, type ActivationName, type Graph, type GraphLayer, type Op, type OpTable } from './graph';
import type { Variable } from './tf-types';

/**
 * The network of a graph as a functional TF.js model with the same layer names. Weights are zero until they are assigned.
 * Built from checked values only: nothing of the file itself reaches TF.js.
 */
export function buildNet(graph: Graph): LayersModel {
  const outputs = new Map<string, SymbolicTensor>();
  const built = graph.layers.map((layer, at) => {
    const output = symbolicOutput(
      layer,
      `layer_${at}`,
      layer.inputs.map((name) => outputs.get(name)!),
    );
    outputs.set(layer.name, output);
    return { layer: output.sourceLayer, name: layer.name };
  });
  // TF.js names tensors and variables after their layers and takes few characters ("conv 1" and "Größe" throw), whereas Keras takes
  // nearly any: layers are built under neutral names, and only then called what their owner calls them.
  for (const { layer, name } of built) layer.name = name;
  return tfModel({ inputs: outputs.get(graph.input)!, outputs: outputs.get(graph.output)! });
}

function symbolicOutput(layer: GraphLayer, name: string, inputs: SymbolicTensor[]): SymbolicTensor {
  if (layer.op.kind === 'input') return input({ shape: [...layer.op.shape], name });
  return forOp(TF_LAYERS, layer.op, name).apply(inputs.length === 1 ? inputs[0]! : inputs) as SymbolicTensor;
}

/** The tf variable that holds a layer's weight. `weight` is its name in Keras, such as `kernel`. */
export function variableOf(net: LayersModel, layer: GraphLayer, weight: string): Variable {
  const at = layer.weights.findIndex((w) => w.name === weight);
  // TF.js orders trainable weights before the others, which is Keras's order for every layer here. LayerVariable keeps its
  // tf.Variable to itself; there is no public way to it.
  const variable = (net.getLayer(layer.name).weights[at] as unknown as { val: Variable } | undefined)?.val;
  if (!variable || String(variable.shape) !== String(layer.weights[at]!.shape))
    throw new Error(`layer ${layer.name} was built without its ${weight}`);
  return variable;
}

// Zeros: the values come from the file, and some initialisers (orthogonal) would take minutes on large shapes.
const EMPTY = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const;

/** The layers of TF.js, by kind; `name` is what TF.js calls a layer while it is built. */
const TF_LAYERS: OpTable<[name: string], tfl.Layer> = {
  input: () => {
    throw new Error('the input is no layer to apply');
  },
  dense: (op, name) =>
    tfl.dense({ name, units: op.units, useBias: op.useBias, activation: tfActivation(op.activation), ...EMPTY }),
  conv2d: (op, name) => tfl.conv2d({ name, filters: op.filters, ...convolution(op), ...EMPTY }),
  depthwise: (op, name) =>
    tfl.depthwiseConv2d({
      name,
      depthMultiplier: op.multiplier,
      ...convolution(op),
      depthwiseInitializer: 'zeros',
      biasInitializer: 'zeros',
    }),
  pool: (op, name) => {
    const config = {
      name,
      poolSize: [...op.size] as [number, number],
      strides: [...op.strides] as [number, number],
      padding: op.padding,
    };
    return op.how === 'max' ? tfl.maxPooling2d(config) : tfl.averagePooling2d(config);
  },
  globalPool: (op, name) => {
    const config = { name, dataFormat: 'channelsLast' } as const;
    return op.how === 'max' ? tfl.globalMaxPooling2d(config) : tfl.globalAveragePooling2d(config);
  },
  batchNorm: ({ momentum, epsilon, center, scale }, name) =>
    tfl.batchNormalization({ name, momentum, epsilon, center, scale }),
  dropout: (op, name) => tfl.dropout({ name, rate: op.rate }),
  gaussianNoise: (op, name) => tfl.gaussianNoise({ name, stddev: op.deviation }),
  gaussianDropout: (op, name) => tfl.gaussianDropout({ name, rate: op.rate }),
  activation: (op, name) => tfl.activation({ name, activation: tfActivation(op.activation) }),
  relu: (op, name) => tfl.reLU({ name, ...(op.max !== null && { maxValue: op.max }) }),
  leakyRelu: (op, name) => tfl.leakyReLU({ name, alpha: op.slope }),
  elu: (_op, name) => tfl.elu({ name }),
  prelu: (op, name) => tfl.prelu({ name, sharedAxes: [...op.sharedAxes], alphaInitializer: 'zeros' }),
  rescaling: (op, name) => tfl.rescaling({ name, scale: op.scale, offset: op.offset }),
  flatten: (_op, name) => tfl.flatten({ name }),
  reshape: (op, name) => tfl.reshape({ name, targetShape: [...op.target] }),
  zeroPadding: (op, name) => tfl.zeroPadding2d({ name, padding: [[...op.vertical], [...op.horizontal]] }),
  add: (_op, name) => tfl.add({ name }),
  concatenate: (_op, name) => tfl.concatenate({ name, axis: -1 }),
};

function convolution(op: Extract<Op, { kind: 'conv2d' | 'depthwise' }>) {
  return {
    kernelSize: [...op.kernel] as [number, number],
    strides: [...op.strides] as [number, number],
    padding: op.padding,
    dilationRate: [...op.dilation] as [number, number],
    useBias: op.useBias,
    activation: tfActivation(op.activation),
  };
}

type TfActivation = NonNullable<Parameters<typeof tfl.activation>[0]>['activation'];

/** TF.js spells one name its own way, and lacks three functions, which are registered below. */
function tfActivation(name: ActivationName): TfActivation {
  return (name === 'hard_sigmoid' ? 'hardSigmoid' : name) as TfActivation;
}

for (const name of ['leaky_relu', 'exponential', 'hard_swish'] as const) {
  serialization.registerClass(
    class extends serialization.Serializable {
      static readonly className = name;
      apply(x: Tensor): Tensor {
        return activate(x, name);
      }
      getConfig() {
        return {};
      }
    },
  );
}
