import {
  add,
  conv2d,
  losses,
  matMul,
  maxPool,
  oneHot,
  reshape,
  softmax,
  tensor1d,
  tensor2d,
  tensor4d,
  tidy,
  valueAndGrads,
  type Rank,
  type Scalar,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
// The core registers no gradients by itself.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { FinePruneError } from '../../protocol/errors';
import {
  describeLayer,
  engineLayer,
  inputsOf,
  plainLayer,
  TESTED_LAYERS,
  type LayerFigures,
  type TestedLayer,
} from './self-test-layers';

/** Of the largest figure in a check. Float32 on either backend stays below 1e-6. */
const TOLERANCE = 1e-4;

/** Everything that is compared, each figure by itself: a sum would hide exchanged ones. */
export interface SelfTestFigures {
  loss: number[];
  /** Class probabilities, [2, 3]. */
  probabilities: number[];
  /** Gradients of the loss, in the shape of what they belong to. */
  input: number[];
  filter: number[];
  bias: number[];
  dense: number[];
}

/**
 * What {@link computeSelfTest} must give, made with NumPy: the loss of the network written down in float64, its
 * gradients by central differences of step 1e-5. test/engine/backend/self-test.test.ts makes them again. The biases put every
 * convolution output below -3.2, so that a max pooling which looks for its maximum from zero upwards is found out.
 */
export const EXPECTED: SelfTestFigures = {
  loss: [2.31049173],
  probabilities: [0.90026, 0.0890334, 0.0107068, 0.919336, 0.0772646, 0.00339944],
  input: [
    0.471255, 0.416458, 0.433919, 0.415251, 0.23476, 0.316011, -0.130225, -0.0489741, -0.238453, -0.202324, 0.252066,
    0.197269, 0.359248, 0.34058, 0.559763, 0.641014, 0.194778, 0.276029, -0.0939359, -0.0578067, 0, 0, -0.109594,
    -0.164391, -0.219188, -0.273985, 0.471255, 0.416458, 0.36166, 0.306863, -0.388046, -0.342924, -0.626585, -0.63626,
    -0.54797, -0.657564, 0.0328782, -0.0767159, 0.142472, 0.0876753, -0.207559, -0.162438, -0.117316, -0.0721945,
    -0.328782, -0.383579, -0.438376, -0.493173, 0, 0, 0, 0, -0.0114185, -0.0171277, -0.0186479, -0.0222626, 0.00837799,
    0.0104725, 0, 0, -0.0209654, -0.0185276, -0.0503451, -0.0536165, -0.0331068, -0.0367216, 0.0658553, 0.0622406,
    0.0376809, 0.0319717, -0.0112141, -0.00877623, -0.00633839, -0.00390054, -0.0160897, -0.0112141, 0.0199241,
    0.0190905, 0.014844, 0.00913476, -0.0180127, -0.0159182, -0.008948, -0.00441566, 0.0131643, 0.0204779, 0.0131643,
    0.01804, 0, 0, -0.00963469, -0.00754019, 0.00918135, 0.0137137, 0.0195027, 0.0219406, 0, 0, 0, 0,
  ],
  filter: [
    -0.237293, 0.634905, 0.669198, -0.337623, -0.188004, -0.342588, -0.291458, 0.580741, 0.464395, -0.304672, -0.253542,
    0.618656, 0.652948, -0.353872, -0.204253, -0.358837,
  ],
  bias: [-0.270823, -0.270823],
  dense: [
    -1.46595, -0.289805, 1.75576, -1.71821, -0.34919, 2.0674, -1.45596, -0.287777, 1.74373, -1.80576, -0.338584,
    2.14434, -1.4249, -0.290314, 1.71521, -1.68045, -0.349207, 2.02966, -1.27859, -0.316488, 1.59508, -1.84844,
    -0.339566, 2.188,
  ],
};

/** The fixed inputs of the self-test: a pattern in [-1, 1] without a source of randomness. */
export const SELF_TEST_INPUTS = {
  /** [2, 5, 5, 2] */
  input: pattern(100, 37, 11),
  /** [2, 2, 2, 2] */
  filter: pattern(16, 53, 7),
  bias: [-4, -5],
  /** [8, 3] */
  dense: pattern(24, 29, 3),
  labels: [2, 0],
};

/**
 * Runs a small network (convolution, max pooling, dense layer, softmax) forwards and backwards on the current tfjs
 * backend and compares every figure with known ones. Takes some milliseconds.
 *
 * @throws FinePruneError `engine.selfTest` that names the first figure that is off, or the operation that failed.
 */
export async function runSelfTest(): Promise<void> {
  const figures = await computed(computeSelfTest);
  for (const name of Object.keys(EXPECTED) as (keyof SelfTestFigures)[]) {
    const what =
      name === 'loss' || name === 'probabilities' ? `the forward pass (${name})` : `the gradient of the ${name}`;
    compare(what, figures[name], EXPECTED[name]);
  }
}

/**
 * Computes layers of the widths that models have forwards and backwards on the current tfjs backend and compares every figure with
 * plain arithmetic. For native: its libraries choose their code by the CPU, so only a test on the machine itself can tell, where
 * WebAssembly computes the same everywhere. Takes about 0.1 s of CPU time in a process that has computed nothing yet.
 *
 * @throws FinePruneError as `runSelfTest` does.
 */
export async function runLayerTest(): Promise<void> {
  for (const layer of TESTED_LAYERS) await testLayer(layer);
}

async function testLayer(layer: TestedLayer): Promise<void> {
  const inputs = inputsOf(layer);
  const expected = plainLayer(layer, inputs);
  const found = await computed(() => engineLayer(layer, inputs));
  const names: Record<keyof LayerFigures, string> = {
    output: 'the output',
    fused: 'the output, with bias and ReLU,',
    input: 'the gradient of the input',
    filter: 'the gradient of the filter',
  };
  for (const name of Object.keys(names) as (keyof LayerFigures)[])
    compare(`${names[name]} of ${describeLayer(layer)}`, found[name], expected[name]);
}

async function computed<T>(compute: () => Promise<T>): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    throw failure(`an operation failed: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

async function computeSelfTest(): Promise<SelfTestFigures> {
  const { input, filter, bias, dense, labels } = SELF_TEST_INPUTS;
  const tensors = tidy(() => {
    const logits = (x: Tensor4D, w: Tensor4D, b: Tensor, d: Tensor2D): Tensor2D => {
      const features = maxPool(add(conv2d(x, w, 1, 'valid'), b) as Tensor4D, 2, 2, 'valid');
      return matMul(reshape(features, [2, 8]) as Tensor2D, d) as Tensor2D;
    };
    const at = [
      tensor4d(input, [2, 5, 5, 2]),
      tensor4d(filter, [2, 2, 2, 2]),
      tensor1d(bias),
      tensor2d(dense, [8, 3]),
    ] as const;
    const truth = oneHot(tensor1d(labels, 'int32'), 3);
    const loss = valueAndGrads<Tensor<Rank>>(
      (x, w, b, d) =>
        losses.softmaxCrossEntropy(truth, logits(x as Tensor4D, w as Tensor4D, b!, d as Tensor2D)) as Scalar,
    );
    const { value, grads } = loss([...at]);
    return [value, softmax(logits(...at)), ...grads];
  });
  try {
    const [loss, probabilities, ...gradients] = await Promise.all(tensors.map(async (t) => Array.from(await t.data())));
    return {
      loss: loss!,
      probabilities: probabilities!,
      input: gradients[0]!,
      filter: gradients[1]!,
      bias: gradients[2]!,
      dense: gradients[3]!,
    };
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}

function compare(what: string, found: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (found.length !== expected.length)
    throw failure(`${what} has ${found.length} values instead of ${expected.length}.`);
  let scale = 0;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    // Negated, so that NaN fails too.
    if (!(Math.abs(found[i]! - expected[i]!) <= TOLERANCE * scale))
      throw failure(`${what} is ${found[i]} at ${i}, expected ${expected[i]}.`);
  }
}

function failure(reason: string, cause?: unknown): FinePruneError {
  return new FinePruneError(
    {
      kind: 'engine',
      code: 'engine.selfTest',
      message: `The engine failed its self-test: ${reason}`,
      todo: 'Use another engine: set the backend to wasm, or run `fine-prune engine remove` and `fine-prune engine install`.',
    },
    { cause },
  );
}

function pattern(length: number, factor: number, start: number): number[] {
  return Array.from({ length }, (_, i) => ((i * factor + start) % 101) / 50 - 1);
}
