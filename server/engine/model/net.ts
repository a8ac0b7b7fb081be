import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import { input, layers as tfl, model as tfModel, type LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { activate } from './activations';
import type { ActivationName, Graph, GraphLayer } from './graph';
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
  return tfLayer(layer, name).apply(inputs.length === 1 ? inputs[0]! : inputs) as SymbolicTensor;
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

/** @param name what TF.js calls the layer while it is built */
function tfLayer({ op }: GraphLayer, name: string) {
  switch (op.kind) {
    case 'input':
      throw new Error('the input is no layer to apply');
    case 'dense':
      return tfl.dense({
        name,
        units: op.units,
        useBias: op.useBias,
        activation: tfActivation(op.activation),
        ...EMPTY,
      });
    case 'conv2d':
      return tfl.conv2d({
        name,
        filters: op.filters,
        kernelSize: [...op.kernel],
        strides: [...op.strides],
        padding: op.padding,
        dilationRate: [...op.dilation],
        useBias: op.useBias,
        activation: tfActivation(op.activation),
        ...EMPTY,
      });
    case 'depthwise':
      return tfl.depthwiseConv2d({
        name,
        depthMultiplier: op.multiplier,
        kernelSize: [...op.kernel],
        strides: [...op.strides],
        padding: op.padding,
        dilationRate: [...op.dilation],
        useBias: op.useBias,
        activation: tfActivation(op.activation),
        depthwiseInitializer: 'zeros',
        biasInitializer: 'zeros',
      });
    case 'pool': {
      const config = {
        name,
        poolSize: [...op.size] as [number, number],
        strides: [...op.strides] as [number, number],
        padding: op.padding,
      };
      return op.how === 'max' ? tfl.maxPooling2d(config) : tfl.averagePooling2d(config);
    }
    case 'globalPool': {
      const config = { name, dataFormat: 'channelsLast' } as const;
      return op.how === 'max' ? tfl.globalMaxPooling2d(config) : tfl.globalAveragePooling2d(config);
    }
    case 'batchNorm':
      return tfl.batchNormalization({
        name,
        momentum: op.momentum,
        epsilon: op.epsilon,
        center: op.center,
        scale: op.scale,
      });
    case 'dropout':
      return tfl.dropout({ name, rate: op.rate });
    case 'gaussianNoise':
      return tfl.gaussianNoise({ name, stddev: op.deviation });
    case 'gaussianDropout':
      return tfl.gaussianDropout({ name, rate: op.rate });
    case 'activation':
      return tfl.activation({ name, activation: tfActivation(op.activation) });
    case 'relu':
      return tfl.reLU({ name, ...(op.max !== null && { maxValue: op.max }) });
    case 'leakyRelu':
      return tfl.leakyReLU({ name, alpha: op.slope });
    case 'elu':
      return tfl.elu({ name });
    case 'prelu':
      return tfl.prelu({ name, sharedAxes: [...op.sharedAxes], alphaInitializer: 'zeros' });
    case 'rescaling':
      return tfl.rescaling({ name, scale: op.scale, offset: op.offset });
    case 'flatten':
      return tfl.flatten({ name });
    case 'reshape':
      return tfl.reshape({ name, targetShape: [...op.target] });
    case 'zeroPadding':
      return tfl.zeroPadding2d({ name, padding: [[...op.vertical], [...op.horizontal]] });
    case 'add':
      return tfl.add({ name });
    case 'concatenate':
      return tfl.concatenate({ name, axis: -1 });
  }
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
