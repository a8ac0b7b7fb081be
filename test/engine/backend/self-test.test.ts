import assert from 'node:assert/strict';
import { getKernel, registerKernel, unregisterKernel, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { EXPECTED, runLayerTest, runSelfTest, SELF_TEST_INPUTS } from '../../../server/engine/backend/self-test';
import { describeLayer, inputsOf, plainLayer, TESTED_LAYERS } from '../../../server/engine/backend/self-test-layers';
import { loadWasmBackend } from '../../../server/engine/backend/wasm';
import { FinePruneError } from '../../../server/protocol/errors';
import { assertClose, convolution, depthwise, maxPooling, type Geometry } from '../reference';

type Inputs = Record<'input' | 'filter' | 'bias' | 'dense', number[]>;

/** The network of the self-test, in float64 and without tfjs. */
function network({ input, filter, bias, dense }: Inputs): { loss: number; probabilities: number[] } {
  const features = convolution(
    { input: [2, 5, 5, 2], window: [2, 2], stride: [1, 1], pad: 'valid' },
    2,
    input,
    filter,
    new Float64Array(64),
  ).y.map((v, i) => v + bias[i % 2]!);
  const pooled = maxPooling(
    { input: [2, 4, 4, 2], window: [2, 2], stride: [2, 2], pad: 'valid' },
    features,
    new Float64Array(16),
  ).y;
  let loss = 0;
  const probabilities = SELF_TEST_INPUTS.labels.flatMap((label, n) => {
    const logits = [0, 1, 2].map((k) =>
      pooled.slice(n * 8, n * 8 + 8).reduce((sum, v, i) => sum + v * dense[i * 3 + k]!, 0),
    );
    const powers = logits.map((z) => Math.exp(z - Math.max(...logits)));
    const total = powers.reduce((a, b) => a + b);
    loss -= Math.log(powers[label]! / total) / 2;
    return powers.map((p) => p / total);
  });
  return { loss, probabilities };
}

/** Runs `body` with a kernel that gives a slightly wrong first value, or none (`replacement` null). */
async function withKernel(
  name: string,
  replacement: ((stock: KernelConfig) => KernelConfig) | null,
  body: () => Promise<void>,
): Promise<void> {
  const stock = getKernel(name, 'wasm');
  unregisterKernel(name, 'wasm');
  if (replacement) registerKernel(replacement(stock));
  try {
    await body();
  } finally {
    if (replacement) unregisterKernel(name, 'wasm');
    registerKernel(stock);
  }
}

const slightlyWrong = (stock: KernelConfig): KernelConfig => ({
  ...stock,
  kernelFunc: (call) => {
    const output = stock.kernelFunc(call) as TensorInfo;
    const values = (call.backend as BackendWasm).typedArrayFromHeap(output);
    values[0] = values[0]! * 1.01 + 0.01;
    return output;
  },
});

const isSelfTestFailure = (error: unknown): boolean =>
  error instanceof FinePruneError && error.kind === 'engine' && error.code === 'engine.selfTest';

describe('self-test of the engine', () => {
  before(async () => {
    await loadWasmBackend();
  });

  it('expects the figures of the network, by its definition and by central differences in float64', () => {
    const { loss, probabilities } = network(SELF_TEST_INPUTS);
    assertClose(EXPECTED.loss, [loss], 1e-8, 'loss');
    assertClose(EXPECTED.probabilities, probabilities, 1e-5, 'probabilities');
    for (const name of ['input', 'filter', 'bias', 'dense'] as const) {
      const slopes = SELF_TEST_INPUTS[name].map((value, i) => {
        const lossAt = (v: number): number =>
          network({ ...SELF_TEST_INPUTS, [name]: SELF_TEST_INPUTS[name].with(i, v) }).loss;
        return (lossAt(value + 1e-5) - lossAt(value - 1e-5)) / 2e-5;
      });
      assertClose(EXPECTED[name], slopes, 1e-5, name);
    }
  });

  it('passes on wasm in less than 150 ms of CPU time', async () => {
    const start = process.cpuUsage();
    await runSelfTest();
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 150_000, `${(user + system) / 1000} ms`);
  });

  for (const name of [
    'Conv2D',
    'MaxPool',
    'Softmax',
    'MaxPoolGrad',
    'Conv2DBackpropFilter',
    'Conv2DBackpropInput',
    'BatchMatMul',
  ]) {
    it(`finds out a wrong ${name}`, () =>
      withKernel(name, slightlyWrong, () => assert.rejects(runSelfTest(), isSelfTestFailure)));
    it(`finds out that ${name} is missing`, () =>
      withKernel(name, null, () => assert.rejects(runSelfTest(), isSelfTestFailure)));
  }

  it('finds out a max pooling gradient that looks for its maximum from zero upwards', () =>
    withKernel(
      'MaxPoolGrad',
      (stock) => ({
        ...stock,
        kernelFunc: (call) => {
          const output = stock.kernelFunc(call) as TensorInfo;
          const backend = call.backend as BackendWasm;
          const input = backend.typedArrayFromHeap((call.inputs as { input: TensorInfo }).input);
          const gradient = backend.typedArrayFromHeap(output);
          input.forEach((v, i) => {
            if (v <= 0) gradient[i] = 0;
          });
          return output;
        },
      }),
      () =>
        assert.rejects(runSelfTest(), (error) => isSelfTestFailure(error) && /gradient/.test((error as Error).message)),
    ));

  describe('of layers as models have them', () => {
    it('tries 1×1, 3×3 and depthwise 3×3 windows at 40, 72 and 512 channels, with and without a stride', () => {
      for (const [kind, window] of [
        ['convolution', 1],
        ['convolution', 3],
        ['depthwise convolution', 3],
      ] as const) {
        const tried = TESTED_LAYERS.filter((layer) => layer.kind === kind && layer.window === window);
        assert.deepEqual(
          [...new Set(tried.map(({ from }) => from))].sort((a, b) => a - b),
          [40, 72, 512],
          `${window}×${window} ${kind}`,
        );
        assert.deepEqual([...new Set(tried.map(({ stride }) => stride))].sort(), [1, 2], `${window}×${window} ${kind}`);
      }
    });

    it('expects what the definition of the convolution gives', () => {
      for (const layer of TESTED_LAYERS) {
        const { kind, window, side, stride, from, to } = layer;
        const inputs = inputsOf(layer);
        const { x, filter, error, bias } = inputs;
        const geometry: Geometry = {
          input: [1, side, side, from],
          window: [window, window],
          stride: [stride, stride],
          pad: 'same',
        };
        const expected =
          kind === 'convolution'
            ? convolution(geometry, to, x, filter, error)
            : depthwise(geometry, 1, x, filter, error);
        const figures = plainLayer(layer, inputs);
        assertClose(figures.output, expected.y, 1e-12, describeLayer(layer));
        assertClose(figures.input, expected.dx, 1e-12, describeLayer(layer));
        assertClose(figures.filter, expected.dw, 1e-12, describeLayer(layer));
        assertClose(
          figures.fused,
          expected.y.map((v, i) => Math.max(0, v + bias[i % to]!)),
          1e-12,
          describeLayer(layer),
        );
        assert.ok(
          new Set(x).size > x.length * 0.9 && new Set(filter).size > filter.length * 0.9,
          'figures that are alike hide exchanged ones',
        );
      }
    });

    it('passes on wasm', () => runLayerTest());

    /** A kernel that is right but for the last channels of its output at these channels, which are off by half of the largest value. */
    const wrongAt =
      (channels: number, when: (call: Parameters<KernelConfig['kernelFunc']>[0]) => boolean = () => true) =>
      (stock: KernelConfig): KernelConfig => ({
        ...stock,
        kernelFunc: (call) => {
          const output = stock.kernelFunc(call) as TensorInfo;
          if (output.shape.at(-1) !== channels || !when(call)) return output;
          const values = (call.backend as BackendWasm).typedArrayFromHeap(output) as Float32Array;
          const off = values.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0) / 2;
          for (let i = 0; i < values.length; i++) if (i % channels >= channels - 8) values[i]! += off;
          return output;
        },
      });
    for (const layer of TESTED_LAYERS) {
      const { kind, window, stride, from } = layer;
      it(`finds out an input gradient that is wrong in the last channels of ${describeLayer(layer)}, and only there`, () => {
        const here = ({ inputs, attrs }: Parameters<KernelConfig['kernelFunc']>[0]): boolean =>
          inputs.filter!.shape[0] === window &&
          [(attrs as { strides: number | number[] }).strides].flat()[0] === stride;
        const name = kind === 'convolution' ? 'Conv2DBackpropInput' : 'DepthwiseConv2dNativeBackpropInput';
        return withKernel(name, wrongAt(from, here), () =>
          assert.rejects(
            runLayerTest(),
            (error) =>
              isSelfTestFailure(error) &&
              (error as Error).message.includes(`the gradient of the input of ${describeLayer(layer)} is`),
          ),
        );
      });
    }
    for (const channels of [40, 72, 512]) {
      for (const name of ['DepthwiseConv2dNative', 'FusedDepthwiseConv2D']) {
        it(`finds out a ${name} that is wrong in the last channels of ${channels}`, () =>
          withKernel(name, wrongAt(channels), () => assert.rejects(runLayerTest(), isSelfTestFailure)));
      }
    }
    for (const name of [
      'Conv2D',
      'FusedConv2D',
      'Conv2DBackpropFilter',
      'DepthwiseConv2dNativeBackpropFilter',
      'BatchMatMul',
    ]) {
      it(`finds out a wrong ${name}`, () =>
        withKernel(name, slightlyWrong, () => assert.rejects(runLayerTest(), isSelfTestFailure)));
      it(`finds out that ${name} is missing`, () =>
        withKernel(name, null, () => assert.rejects(runLayerTest(), isSelfTestFailure)));
    }
  });
});
