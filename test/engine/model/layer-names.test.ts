import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { logitsOf } from './inside';
import { openModel } from '../../../server/engine/model/formats/registry';
import { saveModel } from '../../../server/engine/model/formats/tfjs-layers/save';
import { summarise } from '../../../server/engine/model/formats/tfjs-layers/summary';
import { modelText } from '../../../server/engine/model/formats/tfjs-layers/text/text-summary';
import { consistencyProblems } from '../../../server/engine/report/json/read-report';
import { startEngine, startScan } from '../../../server/jobs/engine-process';
import { InspectorProcess } from '../../../server/jobs/inspector-process';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { useBackend } from './support';
import { masksOf } from '../../fixtures/scan-result';

const FIXTURE = path.resolve(__dirname, '../../fixtures/odd-names');
const backends = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? (['wasm'] as const) : (['native', 'wasm'] as const);

/** Names of the demo model's layers, all of which TF.js refuses as names of tensors. */
const NAMES: Record<string, string> = {
  conv2d_1: '-Größe (3×3)',
  max_pooling2d_1: 'pool 1',
  conv2d_2: 'a:b + c',
  max_pooling2d_2: '_p`2`',
  flatten_1: '<flach> "so"',
  dense_1: 'Neuronen: dicht #1 \\ ü',
  dense_2: '__proto__',
};

describe('names of layers and weights that TF.js does not take for tensors', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-names-');
  after(() => temp.remove());

  /** The demo, twice: with the names that it has, and with those above. */
  async function twins(): Promise<{ plain: string; odd: string }> {
    const demo = (name: string, layer: string): Promise<string> =>
      makeDemo(
        path.join(temp.dir, name),
        { train: 150, test: 100 },
        demoConfig(`"backend": "wasm", "layer": ${JSON.stringify(layer)}, "fineTune": { "epochs": 1 }`),
      );
    const [plain, odd] = [await demo('plain', 'dense_1'), await demo('odd', NAMES['dense_1']!)];
    const file = path.join(path.dirname(odd), 'model.json');
    const json = JSON.parse(readFileSync(file, 'utf8')) as {
      modelTopology: { config: { layers: { config: { name: string } }[] } };
      weightsManifest: { weights: { name: string }[] }[];
    };
    for (const { config } of json.modelTopology.config.layers) config.name = NAMES[config.name]!;
    for (const weight of json.weightsManifest[0]!.weights)
      weight.name = weight.name.replace(/^\w+/, (layer) => NAMES[layer]!);
    writeFileSync(file, JSON.stringify(json));
    return { plain, odd };
  }

  describe('of a model that Keras wrote', () => {
    before(useBackend);

    it('opens, predicts what Keras predicts, trains every layer, and is saved under the same names', async () => {
      const folder = path.join(temp.dir, 'keras');
      cpSync(FIXTURE, folder, { recursive: true });
      const model = await openModel(path.join(folder, 'model.json'));
      const expected = JSON.parse(readFileSync(path.join(FIXTURE, 'expected.json'), 'utf8')) as {
        predictions: number[][];
      };
      assert.deepEqual(
        model.graph.layers.map(({ label }) => label),
        ['Bild 1', '-Größe (3×3)', 'a:b + c', '.pool 2', '_flach', 'dicht "#1" \\ `ü`:0', '(Klassen)'],
      );
      tf.tidy(() => {
        const pixels = readFileSync(path.join(FIXTURE, 'images.idx')).subarray(16, 16 + 5 * 64);
        const x = tf.tensor4d(
          Float32Array.from(pixels, (pixel) => pixel / 255),
          [5, 8, 8, 1],
        );
        const off = tf
          .max(tf.abs(tf.sub(tf.softmax(logitsOf(model, x)), tf.tensor2d(expected.predictions))))
          .dataSync()[0]!;
        assert.ok(off < 1e-6, `${off} from Keras`);
      });
      assert.equal(
        model.graph.parameters.filter(({ trainable }) => trainable).length,
        8,
        'kernels and biases of three layers, gamma and beta',
      );
      const { path: saved } = await saveModel(model, path.join(folder, 'out'));
      for (const name of ['model.json', 'weights.bin'])
        assert.ok(
          readFileSync(path.join(path.dirname(saved), name)).equals(readFileSync(path.join(FIXTURE, name))),
          name,
        );
      model.dispose();
    });

    it('says its layers as they are called', () => {
      const json = readFileSync(path.join(FIXTURE, 'model.json'));
      const summary = summarise(json.toString(), 'model.json');
      assert.equal(summary.problem, undefined);
      assert.deepEqual([summary.classifier, summary.penultimate], ['(Klassen)', 'dicht "#1" \\ `ü`:0']);
      const text = modelText(json, () => readFileSync(path.join(FIXTURE, 'weights.bin')), 'model.json');
      assert.match(text, /^ {2}-Größe \(3×3\) {2}Conv2D {2}6×6×4 {2}40 parameters {2}relu/m);
      assert.match(text, /^ {2}dicht "#1" \\ `ü`:0 {2}0 of 6$/m);
      assert.match(text, /^ {2}a:b \+ c\/moving_variance {2}\[4\] float32 {2}sha256/m);
    });
  });

  for (const backend of backends) {
    it(`come out of a run as they went in, with the figures and the weights of the same model under plain names (${backend})`, async () => {
      const { plain, odd } = await twins();
      const run = (config: string) =>
        startEngine(
          { config, allowedFolders: [], overrides: { backend } },
          { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') },
        );
      const [expected, found] = [await run(plain), await run(odd)];
      assert.equal(found.report.layer.name, NAMES['dense_1']);
      assert.deepEqual(found.report.stages, expected.report.stages);
      assert.deepEqual(found.report.pruning, expected.report.pruning);
      assert.equal(found.report.pruning.count, 25);
      const bytes = (config: string, name: string): Buffer => readFileSync(path.join(path.dirname(config), name));
      assert.ok(
        bytes(odd, 'demo.defended/weights.bin').equals(bytes(plain, 'demo.defended/weights.bin')),
        'the same weights',
      );
      assert.ok(!bytes(odd, 'demo.defended/weights.bin').equals(bytes(odd, 'weights.bin')), 'which were trained');
      assert.ok(bytes(odd, 'demo.defended/model.json').equals(bytes(odd, 'model.json')), 'the same names');
    });
  }

  it('are scanned, repaired by a strategy, and inspected', async () => {
    const folder = path.join(temp.dir, 'whole way');
    cpSync(FIXTURE, folder, { recursive: true });
    const signal = new AbortController().signal;
    const quiet = { onEvent: () => undefined, signal, workerPath: built('worker') };
    const clean = {
      format: 'idx' as const,
      images: path.join(folder, 'images.idx'),
      labels: path.join(folder, 'labels.idx'),
    };
    const scanned = await startScan(
      {
        model: path.join(folder, 'model.json'),
        clean,
        out: { folder, name: 'odd' },
        allowedFolders: [folder],
        seed: 0,
        backend: 'auto',
        threads: 1,
        useCache: false,
      },
      quiet,
    );
    assert.deepEqual(
      masksOf(scanned.report.scan).classes.map(({ target }) => target),
      [0, 1, 2],
    );
    assert.equal(scanned.report.model.classes, 3);

    const split = { images: 'images.idx', labels: 'labels.idx' };
    const config = path.join(folder, 'odd.fineprune.json');
    writeFileSync(
      config,
      JSON.stringify({
        model: 'model.json',
        data: { train: split, test: split },
        trigger: { kind: 'patch', target: 0 },
      }),
    );
    const repaired = await startEngine(
      { config, allowedFolders: [], overrides: { backend: 'auto', strategy: 'fine-pruning-conv' } },
      quiet,
    );
    assert.deepEqual(
      repaired.report.attempts?.map(({ strategy, layer }) => [strategy, layer]),
      [['fine-pruning-conv', '-Größe (3×3)']],
    );
    assert.deepEqual(
      consistencyProblems(repaired.report).filter(({ kind }) => kind === 'problem'),
      [],
    );

    const inspector = new InspectorProcess({
      workerPath: built('worker'),
      onEnded: () => undefined,
      onLog: () => undefined,
    });
    try {
      const subject = { config, allowedFolders: [], defended: null };
      const ask = (query: Parameters<InspectorProcess['ask']>[1]) => inspector.ask(subject, query, { signal });
      const overview = await ask({ kind: 'open' });
      assert.ok(overview.kind === 'open');
      assert.deepEqual(
        overview.layers.map(({ name }) => name),
        ['-Größe (3×3)', 'dicht "#1" \\ `ü`:0'],
      );
      for (const { name, units } of overview.layers) {
        const layer = await ask({ kind: 'layer', fingerprint: overview.fingerprint, layer: name, state: 'before' });
        assert.ok(layer.kind === 'layer');
        assert.deepEqual([layer.layer, layer.units, layer.cleanMean.length], [name, units, units]);
      }
    } finally {
      inspector.dispose();
    }
  });
});
