import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CodeLens, Diagnostic } from 'vscode-languageserver-protocol';
import { PREPARE_REQUEST, type PrepareResult } from '../../../server/protocol/messages/lsp';
import type { Failure } from '../../../server/protocol/errors';
import { EXAMPLE_POINTER } from '../../fixtures/other-files';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../demo-folder';
import { LanguageClient, uriOf } from '../language-client';
import { CLI, command } from '../review-repo';

const FORMATS = path.resolve(__dirname, '../../fixtures/formats');
const GRAPH_MODEL = JSON.stringify({
  format: 'graph-model',
  generatedBy: '2.11.0',
  convertedBy: 'TensorFlow.js Converter v4.22.0',
  modelTopology: { node: [], versions: { producer: 27 } },
  weightsManifest: [{ paths: ['weights.bin'], weights: [] }],
});
const PAGE = '<!DOCTYPE html><title>404</title>';

type ModelJson = {
  modelTopology: { config: { layers: { class_name: string; config: Record<string, unknown> }[] } };
  weightsManifest: unknown;
};

describe('files of other kinds, where a person meets them', function () {
  this.timeout(180_000);
  const temp = makeTempDir('fp-other-');
  let folder: string;
  let config: string;
  before(async () => {
    config = await makeDemo(temp.dir, { train: 60, test: 40 });
    folder = path.dirname(config);
    for (const name of ['model.h5', 'model.keras', 'model.onnx', 'model.pth', 'mnist.npz', 'architecture.json'])
      copyFileSync(path.join(FORMATS, name), path.join(folder, name));
    cpSync(path.join(FORMATS, 'saved_model'), path.join(folder, 'saved model'), { recursive: true });
    write('graph.json', GRAPH_MODEL);
    write('pointer.json', EXAMPLE_POINTER);
    write('page.json', PAGE);
    write('packed.json', gzipSync(GRAPH_MODEL));
    write(
      'nested.json',
      changed(
        ({
          modelTopology: {
            config: { layers },
          },
        }) => layers.unshift({ class_name: 'Sequential', config: { name: 'features', layers: [] } }),
      ),
    );
    write(
      'binary.json',
      changed(
        ({
          modelTopology: {
            config: { layers },
          },
        }) => Object.assign(layers.at(-1)!.config, { units: 1, activation: 'sigmoid' }),
      ),
    );
    write('photo.png', Buffer.from('ffd8ffe000104a464946', 'hex'));
  });
  after(() => temp.remove());

  const write = (name: string, content: string | Uint8Array): void => writeFileSync(path.join(folder, name), content);
  function changed(change: (json: ModelJson) => void): string {
    const json = JSON.parse(readFileSync(path.join(folder, 'model.json'), 'utf8')) as ModelJson;
    change(json);
    return JSON.stringify(json);
  }

  describe('the command line', () => {
    const cli = (...args: string[]) => command(process.execPath, [...CLI, ...args], folder);
    const CLEAN = ['--clean', 'data/train-images-idx3-ubyte', 'data/train-labels-idx1-ubyte'];
    const DATA = [
      '--train',
      'data/train-images-idx3-ubyte',
      'data/train-labels-idx1-ubyte',
      '--test',
      'data/t10k-images-idx3-ubyte',
      'data/t10k-labels-idx1-ubyte',
    ];

    const refused: [what: string, args: string[], message: RegExp][] = [
      [
        'run of a Keras file',
        ['run', 'model.h5'],
        /^error This is a Keras model \(HDF5\); .*\n.*\n {2}→ .*`tensorflowjs_converter --input_format=keras model\.h5 out\/`\.$/m,
      ],
      ['run of a SavedModel', ['run', 'saved model'], /This is a TensorFlow SavedModel;/],
      ['run of a nested model', ['run', 'nested.json'], /The file is a nested model: Layer "features"/],
      ['run of an unfetched model', ['run', 'pointer.json'], /Git LFS pointer[\s\S]*git lfs pull/],
      ['scan of an ONNX file', ['scan', 'model.onnx', ...CLEAN], /This looks like an ONNX model;/],
      ['scan of a graph model', ['scan', 'graph.json', ...CLEAN], /TF\.js graph model/],
      [
        'scan with one sigmoid output',
        ['scan', 'binary.json', ...CLEAN],
        /binary classifier with one sigmoid output \("dense_2"\)/,
      ],
      [
        'scan with a NumPy archive as images',
        ['scan', 'model.json', '--clean', 'mnist.npz', CLEAN[2]!, '--backend', 'wasm'],
        /clean images is not in IDX format: it is a NumPy archive/,
      ],
      ['init for a PyTorch file', ['init', 'model.pth', ...DATA], /This is a PyTorch file;/],
      ['init for a SavedModel', ['init', 'saved model', ...DATA], /This is a TensorFlow SavedModel;/],
      [
        'init with a NumPy archive as images',
        ['init', 'model.json', ...DATA.with(1, 'mnist.npz')],
        /train images is not in IDX format: it is a NumPy archive/,
      ],
    ];
    for (const [what, args, message] of refused) {
      it(what, () => {
        const { code, stdout, stderr } = cli(...args);
        assert.deepEqual([code, stdout], [2, ''], stderr);
        assert.match(stderr, message);
      });
    }

    it('a config that names a Keras file, a run of it', () => {
      const named = path.join(folder, 'keras.fineprune.json');
      writeFileSync(named, demoConfig('"backend": "wasm"').replace('model.json', 'model.keras'));
      const { code, stdout } = cli('scan', '--json', 'keras.fineprune.json');
      const { failure } = JSON.parse(stdout) as { failure: Failure };
      assert.deepEqual([code, failure.code, failure.file], [2, 'model.otherFormat', path.join(folder, 'model.keras')]);
      assert.match(failure.message, /Keras model \(\.keras\)/);
      rmSync(named);
    });

    it('textconv', () => {
      const shown: [string, RegExp][] = [
        ['model.h5', /^This file is a Keras model \(HDF5\), 14240 bytes {2}sha256 [0-9a-f]{16}\n/],
        ['graph.json', /^Not shown as text: The file is a TF\.js graph model[\s\S]*tensorflowjs_converter/],
      ];
      for (const [file, expected] of shown) {
        const { code, stdout } = cli('textconv', file);
        assert.equal(code, 0);
        assert.match(stdout, expected);
      }
    });
  });

  describe('the editor', () => {
    let client: LanguageClient;
    before(async () => {
      client = await LanguageClient.start([temp.dir]);
    });
    after(() => client.stop());

    it('says at the model and the data of a config what they are, and what to do', async () => {
      const uri = await client.open(config, demoConfig());
      await client.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
      const cases: [from: string, to: string, code: string, message: RegExp][] = [
        [
          'model.json',
          'model.h5',
          'config.modelUnreadable',
          /^This is a Keras model \(HDF5\); this version of Fine-Prune opens TF\.js Layers models\. Convert it.*`tensorflowjs_converter --input_format=keras model\.h5 out\/`\.$/,
        ],
        ['model.json', 'saved model', 'config.modelUnreadable', /^This is a TensorFlow SavedModel;/],
        [
          'model.json',
          'graph.json',
          'config.modelUnreadable',
          /^The file is a TF\.js graph model, .*tensorflowjs_converter/,
        ],
        ['model.json', 'pointer.json', 'config.modelUnreadable', /Git LFS pointer.*git lfs pull/],
        ['model.json', 'packed.json', 'config.modelUnreadable', /^This is a gzip file;/],
        ['model.json', 'nested.json', 'config.modelUnfit', /nested model/],
        ['model.json', 'binary.json', 'config.modelUnfit', /one sigmoid output.*two units and softmax/],
        [
          'data/train-images-idx3-ubyte',
          'mnist.npz',
          'config.dataUnreadable',
          /not in IDX format: it is a NumPy archive/,
        ],
        ['data/train-images-idx3-ubyte', 'pointer.json', 'config.dataUnreadable', /Git LFS pointer.*git lfs pull/],
      ];
      let version = 1;
      for (const [from, to, code, message] of cases) {
        await client.change(uri, ++version, demoConfig().replace(from, to));
        const [found] = await client
          .diagnosed(uri, `${to}: ${code}`, (all) => all.some((one) => one.code === code))
          .then((all) => all.filter((one) => one.code === code));
        assert.match(String(found!.message), message);
      }
      await client.change(uri, ++version, demoConfig().replace('"target": 0', '"target": 0, "image": "photo.png"'));
      const [photo] = await client.diagnosed(uri, 'the picture', (all) => all.length === 1);
      assert.match(String(photo!.message), /not a PNG: it is a JPEG image/);
      await client.close(uri);
    });

    it('says on a model.json that is open what it is and what to do, without calling it a fault', async () => {
      const file = (name: string): string => path.join(folder, 'opened', name.replace('.json', ''), 'model.json');
      const cases: [name: string, code: string, message: RegExp][] = [
        [
          'graph.json',
          'model.graphModel',
          /^The file is a TF\.js graph model, .*`tensorflowjs_converter --input_format=keras model\.h5 out\/`\.$/,
        ],
        [
          'nested.json',
          'model.unsupportedLayer',
          /^The file is a nested model: Layer "features".*Export the model with its inner layers written out/,
        ],
        [
          'binary.json',
          'model.oneClass',
          /^The model is a binary classifier with one sigmoid output .*two units and softmax/,
        ],
        ['pointer.json', 'model.lfsPointer', /Git LFS pointer.*git lfs pull/],
        ['page.json', 'model.otherFormat', /web page/],
        ['architecture.json', 'model.otherFormat', /architecture of a Keras model/],
      ];
      for (const [name, code, message] of cases) {
        mkdirSync(path.dirname(file(name)), { recursive: true });
        copyFileSync(path.join(folder, name), file(name));
        const uri = await client.open(file(name), undefined, 'json');
        const [found, ...others] = await client.diagnosed(uri, name, (all) => all.length > 0);
        assert.deepEqual([found!.code, found!.severity, others], [code, 3 satisfies Diagnostic['severity'], []]);
        assert.match(String(found!.message), message);
        await client.close(uri);
        await client.diagnosed(uri, 'nothing once it is closed', (all) => all.length === 0);
      }
      for (const [name, text] of [
        ['other', '{ "name": "a data model" }'],
        ['broken', '{ "format": '],
        ['good', readFileSync(path.join(folder, 'model.json'), 'utf8')],
      ] as const) {
        const uri = await client.open(file(name), text, 'json');
        await client.diagnosed(uri, `a look at ${name}`, () => true);
        assert.deepEqual(client.diagnostics.get(uri), [], name);
        await client.close(uri);
      }
      const graph = await client.open(file('graph.json'), undefined, 'json');
      assert.deepEqual(
        await client.at<CodeLens[]>('textDocument/codeLens', graph),
        [],
        'no lens in what is no model of ours',
      );
      await client.close(graph);
    });

    it('says why no config can be made for one', async () => {
      for (const [name, message] of [
        ['model.h5', /Keras model \(HDF5\)/],
        ['saved model', /SavedModel/],
        ['graph.json', /graph model/],
      ] as const) {
        const { model, failure } = await client.connection.sendRequest<PrepareResult>(PREPARE_REQUEST, {
          modelUri: uriOf(path.join(folder, name)),
        });
        assert.equal(model, null);
        assert.match(failure!.message, message);
        assert.match(failure!.todo ?? '', /tensorflowjs_converter --input_format=keras/);
      }
    });
  });
});
