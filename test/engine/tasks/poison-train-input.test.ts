import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startPoisonTrain } from '../../../server/jobs/engine-process';
import type { PoisonTrainRequest } from '../../../server/protocol/messages/engine';
import { FinePruneError } from '../../../server/protocol/errors';
import { writeMnistSubset } from '../../fixtures/mnist';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';

describe('poison-train refuses', function () {
  this.timeout(60_000);
  const temp = makeTempDir('fp-poison-');
  let request: PoisonTrainRequest & Awaited<ReturnType<typeof writeMnistSubset>>;
  after(() => temp.remove());

  before(async () => {
    request = {
      ...(await writeMnistSubset(temp.dir, { train: 100, test: 60 })),
      out: path.join(temp.dir, 'out'),
      name: 'out',
      trigger: { kind: 'patch', target: 0 },
      ...{ poisonRate: 0.1, seed: 0, epochs: 1, batchSize: 64, learningRate: 0.001, backend: 'wasm', threads: 1 },
    };
  });

  const quiet = { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') };
  const refused = (more: Partial<PoisonTrainRequest>, code: string, message: RegExp): Promise<void> =>
    assert.rejects(startPoisonTrain({ ...request, ...more }, quiet), (e: unknown) => {
      assert.ok(e instanceof FinePruneError, String(e));
      assert.deepEqual([e.kind, e.code], ['input', code], e.message);
      assert.match(e.message, message);
      return true;
    });

  it('a label that the model has no class for', async () => {
    const labels = path.join(temp.dir, 'labels-to-11');
    const bytes = readFileSync(request.train.labels);
    bytes[8 + 7] = 11;
    writeFileSync(labels, bytes);
    await refused(
      { train: { ...request.train, labels } },
      'data.labelOutOfRange',
      /Label 11 of training image 7 .* 10 classes/,
    );
  });

  it('images of another size than the model takes, and splits of two sizes', async () => {
    const wide = (file: string, name: string): string => {
      const bytes = readFileSync(file);
      bytes.writeUInt32BE(14, 8);
      bytes.writeUInt32BE(56, 12);
      writeFileSync(path.join(temp.dir, name), bytes);
      return path.join(temp.dir, name);
    };
    const train = { ...request.train, images: wide(request.train.images, 'wide-train') };
    const test = { ...request.test, images: wide(request.test.images, 'wide-test') };
    await refused({ train, test }, 'data.shape', /14×56×1 but the model takes 28×28×1/);
    await refused({ train }, 'data.shapeMismatch', /Training images are 14×56×1 but test images 28×28×1/);
  });

  it('images and labels of unequal count, named by their split', () =>
    refused(
      { train: { ...request.train, labels: request.test.labels } },
      'data.countMismatch',
      /^The training set has 100 images but 60 labels/,
    ));

  it('to write over the model whose layers it takes', async () => {
    const arch = path.join(temp.dir, 'model.json');
    for (const name of ['model.json', 'weights.bin'])
      copyFileSync(path.resolve(__dirname, '../../../examples/mnist-badnets', name), path.join(temp.dir, name));
    await refused({ arch, out: path.dirname(arch) }, 'output.inputFolder', /never overwritten/);
  });

  it('to write over a model that it has not made', async () => {
    const out = path.join(temp.dir, 'foreign');
    mkdirSync(out);
    writeFileSync(path.join(out, 'model.json'), '{}');
    await refused({ out }, 'output.foreignModel', /not made by poison-train/);
    assert.equal(readFileSync(path.join(out, 'model.json'), 'utf8'), '{}');
  });

  it('a target that no class has, without naming a place in a config that does not exist', async () => {
    const training = startPoisonTrain({ ...request, trigger: { kind: 'patch', target: 10 } }, quiet);
    await assert.rejects(
      training,
      (e: unknown) => e instanceof FinePruneError && e.code === 'trigger.target' && e.place === undefined,
    );
  });
});
