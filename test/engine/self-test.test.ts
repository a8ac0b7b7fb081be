import assert from 'node:assert/strict';
import { getKernel, registerKernel, unregisterKernel, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { EXPECTED, runSelfTest, SELF_TEST_INPUTS } from '../../server/engine/backend/self-test';
import { loadWasmBackend } from '../../server/engine/backend/wasm';
import { FinePruneError } from '../../server/protocol/errors';
import { assertClose, convolution, maxPooling } from './reference';

type Inputs = Record<'input' | 'filter' | 'bias' | 'dense', number[]>;

/** The network of the self-test, in float64 and without tfjs. */
function network({ input, filter, bias, dense }: Inputs): { loss: number; probabilities: number[] } {
  const features = convolution({ input: [2, 5, 5, 2], window: [2, 2], stride: [1, 1], pad: 'valid' }, 2, input, filter, new Float64Array(64)).y
    .map((v, i) => v + bias[i % 2]!);
  const pooled = maxPooling({ input: [2, 4, 4, 2], window: [2, 2], stride: [2, 2], pad: 'valid' }, features, new Float64Array(16)).y;
  let loss = 0;
  const probabilities = SELF_TEST_INPUTS.labels.flatMap((label, n) => {
    const logits = [0, 1, 2].map((k) => pooled.slice(n * 8, n * 8 + 8).reduce((sum, v, i) => sum + v * dense[i * 3 + k]!, 0));
    const powers = logits.map((z) => Math.exp(z - Math.max(...logits)));
    const total = powers.reduce((a, b) => a + b);
    loss -= Math.log(powers[label]! / total) / 2;
    return powers.map((p) => p / total);
  });
  return { loss, probabilities };
}

/** Runs `body` with a kernel that gives a slightly wrong first value, or none (`replacement` null). */
async function withKernel(name: string, replacement: ((stock: KernelConfig) => KernelConfig) | null, body: () => Promise<void>): Promise<void> {
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
        const lossAt = (v: number): number => network({ ...SELF_TEST_INPUTS, [name]: SELF_TEST_INPUTS[name].with(i, v) }).loss;
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

  for (const name of ['Conv2D', 'MaxPool', 'Softmax', 'MaxPoolGrad', 'Conv2DBackpropFilter', 'Conv2DBackpropInput', 'BatchMatMul']) {
    it(`finds out a wrong ${name}`, () => withKernel(name, slightlyWrong, () => assert.rejects(runSelfTest(), isSelfTestFailure)));
    it(`finds out that ${name} is missing`, () => withKernel(name, null, () => assert.rejects(runSelfTest(), isSelfTestFailure)));
  }

  it('finds out a max pooling gradient that looks for its maximum from zero upwards', () =>
    withKernel('MaxPoolGrad', (stock) => ({
      ...stock,
      kernelFunc: (call) => {
        const output = stock.kernelFunc(call) as TensorInfo;
        const backend = call.backend as BackendWasm;
        const input = backend.typedArrayFromHeap((call.inputs as { input: TensorInfo }).input);
        const gradient = backend.typedArrayFromHeap(output);
        input.forEach((v, i) => { if (v <= 0) gradient[i] = 0; });
        return output;
      },
    }), () => assert.rejects(runSelfTest(), (error) => isSelfTestFailure(error) && /gradient/.test((error as Error).message))));
});
