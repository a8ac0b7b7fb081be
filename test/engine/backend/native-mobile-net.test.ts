import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { BackendChoice, BackendInfo } from '../../../server/engine/backend/select';
import { loadWasmBackend } from '../../../server/engine/backend/wasm';
import { writeMobileNet, type MobileNetFigures } from './mobile-net';
import { temporaryFolder } from '../model/support';

interface Answer {
  info: BackendInfo;
  figures: MobileNetFigures;
}

/** A process has one set of TensorFlow options for life, so each backend computes in its own. */
async function compute(backend: BackendChoice, file: string): Promise<Answer> {
  const child = fork(path.join(__dirname, 'mobile-net-on-backend.ts'), [backend, file], {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
    silent: true,
  });
  const errors: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk));
  const answer = await Promise.race([
    once(child, 'message').then(([message]) => message as Answer),
    once(child, 'exit').then(() =>
      Promise.reject(new Error(`${backend}: ${Buffer.concat(errors).toString().slice(0, 2000)}`)),
    ),
  ]);
  child.disconnect();
  return answer;
}

const length = (values: Float32Array): number => Math.hypot(...values);

/** Length of the difference, as a share of the length of what is expected. */
function distance(found: Float32Array, expected: Float32Array, least = 0): number {
  assert.equal(found.length, expected.length);
  return length(found.map((v, i) => v - expected[i]!)) / Math.max(length(expected), least);
}

/**
 * Bounds on the distance. On a CPU on which oneDNN is wrong it was at most 3e-7, 3e-6, 3e-3 and 7e-5, for several lengths of training
 * and scan; with TensorFlow's own kernels there 0.28 and more, 0.27, 0.31 and 0.08. In training, batch statistics amplify rounding, and
 * what crosses a kink of ReLU6 by it changes a slope by 1; a scan adds its steps' differences up.
 */
const BOUNDS = { input: 1e-5, inference: 5e-5, training: 2e-2, masks: 1e-2 };

describe('a small MobileNet on native and on wasm', function () {
  this.timeout(120_000);
  let native: Answer;
  let wasm: Answer;
  before(async () => {
    await loadWasmBackend();
    const { folder, remove } = await temporaryFolder();
    try {
      const file = await writeMobileNet(folder);
      [native, wasm] = await Promise.all([compute('native', file), compute('wasm', file)]);
    } finally {
      await remove();
    }
  });

  it('computes on both', () => assert.deepEqual([native.info.name, wasm.info.name], ['native', 'wasm']));

  it('has the same input gradient', () => {
    const off = distance(native.figures.input, wasm.figures.input);
    assert.ok(off < BOUNDS.input, String(off));
  });

  for (const mode of ['inference', 'training'] as const) {
    it(`has the same weight gradients in ${mode}`, () => {
      const [found, expected] = [native.figures.weights[mode], wasm.figures.weights[mode]];
      assert.equal(found.length, expected.length);
      // Two offsets before the same batch normalisation have no influence in training: their gradients are 0 but for rounding.
      const least = 1e-3 * Math.max(...expected.map(length));
      expected.forEach((one, i) => {
        const off = distance(found[i]!, one, least);
        assert.ok(off < BOUNDS[mode], `weight ${i} of ${expected.length}: ${off}`);
      });
    });
  }

  it("finds the same masks in a short scan, which the model's gradient has moved", () => {
    native.figures.masks.forEach((mask, target) => {
      const expected = wasm.figures.masks[target]!;
      const off = distance(mask, expected);
      assert.ok(off < BOUNDS.masks, `class ${target}: ${off}`);
      for (const other of wasm.figures.masks.slice(target + 1))
        assert.ok(distance(expected, other) > 0.2, 'classes have masks of their own');
    });
  });
});
