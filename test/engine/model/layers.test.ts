import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendChoice, BackendInfo } from '../../../server/engine/backend/select';
import { loadWasmBackend } from '../../../server/engine/backend/wasm';
import { assertClose } from '../reference';
import { build, figures, ZOO, type ZooFigures } from './zoo';

interface Answer {
  info: BackendInfo;
  zoo: Record<string, ZooFigures[]>;
}

/** A process has one set of TensorFlow options for life, so each backend computes in its own. */
async function compute(backend: BackendChoice): Promise<Answer> {
  const child = fork(path.join(__dirname, 'zoo-on-backend.ts'), [backend], {
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

describe('layers', function () {
  this.timeout(120_000);

  describe('on wasm', () => {
    before(async () => {
      await loadWasmBackend();
    });
    for (const name of ZOO) {
      it(`the gradient is the slope of the loss: ${name}`, () => {
        for (const training of [false, true]) tf.tidy(() => checkSlope(name, training));
      });
    }
  });

  // Where no source of the native engine answers, the test command says so, and leaves these out by this variable.
  if (process.env.FINE_PRUNE_WITHOUT_NATIVE !== '1') {
    it('give the same losses and gradients on native and on wasm', async () => {
      const [native, wasm] = await Promise.all([compute('native'), compute('wasm')]);
      assert.equal(native.info.name, 'native');
      assert.equal(wasm.info.name, 'wasm');
      for (const name of ZOO) {
        for (const [mode, expected] of native.zoo[name]!.entries()) {
          const found = wasm.zoo[name]![mode]!;
          assertClose([found.loss], [expected.loss], 1e-5, `${name}: loss`);
          assertClose(found.gradients.flat(), expected.gradients.flat(), 5e-5, `${name}: gradients`);
        }
      }
    });
  }
});

/** Along its own direction, the gradient's length is the slope of the loss: a wrong gradient is longer or points elsewhere. */
function checkSlope(name: string, training: boolean): void {
  const { gradients } = figures(name, training);
  const length = Math.hypot(...gradients.flat());
  assert.ok(length > 1e-3, `${name}: the gradient vanishes`);
  const { vars, loss } = build(name);
  const start = vars.map((v) => v.dataSync().slice());
  const lossAt = (step: number): number => {
    vars.forEach((v, i) =>
      v.assign(
        tf.tensor(
          start[i]!.map((w, k) => w + (step * gradients[i]![k]!) / length),
          v.shape,
        ),
      ),
    );
    return loss(training).dataSync()[0]!;
  };
  const step = 1e-3;
  const slope = (lossAt(step) - lossAt(-step)) / (2 * step);
  for (const v of vars) v.dispose();
  assert.ok(Math.abs(slope - length) < 0.01 * length + 2e-3, `${name}: slope ${slope}, gradient ${length}`);
}
