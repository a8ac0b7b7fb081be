import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openTrigger } from '../../../server/engine/triggers/open-trigger';
import { poisonTrain } from '../../../server/engine/tasks/poison-train';
import { poisonedSplit } from '../../../server/engine/poison/poison';
import { trainPruningAware, type PruningAwareOptions } from '../../../server/engine/poison/pruning-aware';
import { triggeredInputs } from '../../../server/engine/triggers/triggered-inputs';
import { selectBackend } from '../../../server/engine/backend/select';
import { resolveTrigger } from '../../../server/engine/config/resolve-config';
import { openIdx } from '../../../server/engine/data/formats/idx/open-idx';
import { allIndices } from '../../../server/engine/data/roles';
import { sourceOf, subsetOf, type InputSource, type PassOptions } from '../../../server/engine/pass/inputs';
import { measure, predict } from '../../../server/engine/pass/measure';
import { pruneOrder } from '../../../server/engine/pass/ranking';
import { applyMasks, masksFor } from '../../../server/engine/model/masks';
import type { OpenModel } from '../../../server/engine/model/model';
import { buildSimpleCnn } from '../../../server/engine/model/formats/tfjs-layers/fresh/simple-cnn';
import { findUnitSite } from '../../../server/engine/model/units';
import { train } from '../../../server/engine/training/train';
import type { PoisonTrainRequest } from '../../../server/protocol/messages/engine';
import { writeMnistSubset } from '../../fixtures/mnist';
import { failureOf } from '../../harness/files';
import { makeTempDir } from '../../harness/processes';

const backend = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? 'wasm' : 'native';
const LAYERS = ['conv2d_2', 'dense_1'];
const TARGET = 3;

describe('the pruning-aware attack', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-aware-');
  const normalisation = { mean: [0], std: [1] };
  const { signal } = new AbortController();
  let files: Awaited<ReturnType<typeof writeMnistSubset>>;
  let clean: InputSource;
  let poisoned: InputSource;
  let test: InputSource;
  let triggered: InputSource;
  let model: OpenModel;
  let pass: PassOptions;
  after(() => temp.remove());

  before(async () => {
    await selectBackend({ choice: backend, threads: 1 });
    files = await writeMnistSubset(temp.dir, { train: 4000, test: 1000 });
    const trainSplit = await openIdx(files.train.images, files.train.labels, 1 / 255);
    const testSplit = await openIdx(files.test.images, files.test.labels, 1 / 255);
    const trigger = await openTrigger(
      resolveTrigger({ kind: 'patch', target: TARGET }),
      trainSplit.shape,
      10,
      async (file) => file,
      { format: 'idx', scale: 1 / 255 },
    );
    const all = allIndices(trainSplit.count);
    clean = sourceOf({ split: trainSplit, indices: all });
    poisoned = sourceOf({
      split: poisonedSplit({ split: trainSplit, trigger, poisonRate: 0.2, seed: 0 }).split,
      indices: all,
    });
    const view = { split: testSplit, indices: allIndices(testSplit.count) };
    test = sourceOf(view);
    triggered = triggeredInputs(trigger, view);
  });
  beforeEach(() => {
    model = buildSimpleCnn({ seed: 0 });
    pass = { model, normalisation, signal };
  });
  afterEach(() => model.dispose());

  const options = (more: Partial<PruningAwareOptions> = {}): PruningAwareOptions => ({
    ...{
      model,
      clean,
      poisoned,
      normalisation,
      signal,
      share: 0.5,
      epochs: 3,
      batchSize: 64,
      learningRate: 0.001,
      seed: 0,
      frozen: [],
    },
    ...more,
  });
  const share = async (source: InputSource, wanted: Int32Array | number): Promise<number> => {
    const predicted = await predict(source, pass);
    return (
      predicted.reduce((n, p, i) => n + (p === (typeof wanted === 'number' ? wanted : wanted[i]) ? 1 : 0), 0) /
      source.count
    );
  };
  const weights = (layer: string, weight: 'kernel' | 'bias'): Float32Array => model.network.read(`${layer}/${weight}`);

  it('keeps the backdoor when every decoy is pruned, and its decoys are what clean images leave dormant', async () => {
    const steps: [number, number][] = [];
    const { decoys, history } = await trainPruningAware(
      options({ onStep: (step, total) => steps.push([step, total]) }),
    );
    assert.deepEqual(
      decoys.map(({ layer, units }) => [layer, units.length]),
      [
        [LAYERS[0], 32],
        [LAYERS[1], 64],
      ],
    );
    assert.equal(history.length, 3);
    assert.deepEqual(
      steps.map(([step]) => step),
      Array.from({ length: 2 * 3 * 63 }, (_, i) => i + 1),
    );
    assert.ok(steps.every(([, total]) => total === 2 * 3 * 63));

    const [accuracy, success] = [await share(test, test.labels), await share(triggered, TARGET)];
    assert.ok(accuracy > 0.93 && success > 0.9, `clean accuracy ${accuracy}, ASR ${success}`);
    for (const { layer, units } of decoys) {
      const site = findUnitSite(model.graph, layer);
      const { statistics } = await measure(clean, site, pass);
      assert.ok(
        units.every((u) => statistics.highest()[u] === 0),
        `a decoy of ${layer} fires on clean images`,
      );
      // What the defense would prune first: nothing but decoys, or what is as dormant as they are.
      const mean = statistics.mean();
      assert.ok([...pruneOrder(mean).subarray(0, units.length)].every((u) => mean[u] === 0));
    }
    for (const { layer, units } of decoys)
      applyMasks(model.network, masksFor(model.graph, findUnitSite(model.graph, layer), units));
    const [prunedAccuracy, prunedSuccess] = [await share(test, test.labels), await share(triggered, TARGET)];
    assert.ok(
      prunedSuccess > 0.9 && prunedAccuracy > 0.93,
      `after pruning all decoys: clean accuracy ${prunedAccuracy}, ASR ${prunedSuccess}`,
    );
  });

  it('gives decoys the weights of honest training, but for their biases', async () => {
    // Sixteen steps of each training are enough to move every weight that may move.
    const few = { epochs: 1, clean: subsetOf(clean, allIndices(1000)), poisoned: subsetOf(poisoned, allIndices(1000)) };
    const { decoys } = await trainPruningAware(options(few));
    const attacked = Object.fromEntries(
      LAYERS.map((layer) => [layer, { kernel: weights(layer, 'kernel'), bias: weights(layer, 'bias') }]),
    );
    const readers = weights('dense_2', 'kernel');
    const honest = buildSimpleCnn({ seed: 0 });
    try {
      await train({ ...options(few), model: honest, source: few.clean, masks: null });
      const honestOf = (layer: string, weight: 'kernel' | 'bias') => honest.network.read(`${layer}/${weight}`);
      let lowered = 0;
      for (const { layer, units } of decoys) {
        const { kernel, bias } = attacked[layer]!;
        const count = bias.length;
        const decoy = new Set(units);
        const honestKernel = honestOf(layer, 'kernel');
        const honestBias = honestOf(layer, 'bias');
        assert.ok(
          kernel.every((value, i) => !decoy.has(i % count) || value === honestKernel[i]),
          `kernel of ${layer}`,
        );
        assert.ok(
          kernel.some((value, i) => !decoy.has(i % count) && value !== honestKernel[i]),
          'the other units were trained on',
        );
        assert.ok(
          units.every((u) => bias[u]! <= honestBias[u]!),
          `biases of ${layer}`,
        );
        lowered += units.filter((u) => bias[u]! < honestBias[u]!).length;
      }
      assert.ok(lowered > 0, 'some units had to be made dormant');
      // What reads a decoy of the penultimate layer is as honest training left it.
      const honestReaders = honestOf('dense_2', 'kernel');
      const dense = new Set(decoys[1]!.units);
      assert.ok(readers.every((value, i) => !dense.has(Math.floor(i / 10)) || value === honestReaders[i]));
    } finally {
      honest.dispose();
    }
  });

  it('is made by poison-train, whose card says so; at a poison rate of 0 it makes a clean model', async () => {
    const request: PoisonTrainRequest = {
      ...files,
      out: path.join(temp.dir, 'aware'),
      name: 'aware',
      trigger: { kind: 'warped', target: TARGET },
      ...{
        poisonRate: 0.1,
        noiseRate: 0.2,
        pruningAware: 0.25,
        seed: 0,
        epochs: 1,
        batchSize: 64,
        learningRate: 0.001,
        backend,
        threads: 1,
      },
    };
    const card = async (more: Partial<PoisonTrainRequest>): Promise<string> =>
      readFileSync((await poisonTrain({ ...request, ...more }, () => undefined, signal)).files.card, 'utf8');
    const aware = await card({});
    assert.match(aware, /has a backdoor, put in on purpose/);
    assert.match(aware, /Noise rate \| 0\.2 \(800 training images warped with noise/);
    assert.match(aware, /Pruning-aware \| .*16 units of conv2d_2 and 32 units of dense_1/);
    const plain: Partial<PoisonTrainRequest> = {
      out: path.join(temp.dir, 'clean'),
      name: 'clean',
      poisonRate: 0,
      noiseRate: 0,
    };
    const unaware: PoisonTrainRequest = { ...request };
    delete unaware.pruningAware;
    const outcome = await poisonTrain({ ...unaware, ...plain, epochs: 2 }, () => undefined, signal);
    assert.ok(
      outcome.cleanAccuracy.rate > 0.9 && outcome.attackSuccessRate.rate < 0.1,
      'a clean model does not know the trigger',
    );
    const clean = readFileSync(outcome.files.card, 'utf8');
    assert.match(clean, /trained on clean images/);
    assert.doesNotMatch(clean, /has a backdoor|Noise rate|Pruning-aware/);
    await failureOf('trigger.noNoise', () =>
      poisonTrain({ ...unaware, trigger: { kind: 'patch', target: 0 } }, () => undefined, signal),
    );
  });
});
