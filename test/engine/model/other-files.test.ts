import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import * as L from '@tensorflow/tfjs-layers';
import { contentSha256, sha256 } from '../../../server/engine/files/hash';
import { formatNamed, openModel } from '../../../server/engine/model/formats/registry';
import { buildSimpleCnn } from '../../../server/engine/model/formats/tfjs-layers/fresh/simple-cnn';
import { summarise } from '../../../server/engine/model/formats/tfjs-layers/summary';
import { modelText } from '../../../server/engine/model/formats/tfjs-layers/text/text-summary';
import { EXAMPLE_POINTER, pointerTo } from '../../fixtures/other-files';
import { failureOf, temporaryFolder } from '../../harness/files';
import { encodeModel, filesOf, useBackend } from './support';

const FORMATS = path.resolve(__dirname, '../../fixtures/formats');
const modelFileHashes = formatNamed('tfjs-layers').hashes.ofFiles;
const PAGE = '<!DOCTYPE html>\n<html><title>404 Not Found</title></html>\n';

describe('files of other kinds, in the place of', () => {
  const folder = temporaryFolder();
  let good: { json: string; weights: Uint8Array };
  before(async () => {
    await useBackend();
    const model = buildSimpleCnn({ seed: 1, inputShape: [12, 12, 1], classes: 4 });
    const { json, weights } = encodeModel(model);
    good = { json: new TextDecoder().decode(json), weights };
    model.dispose();
  });
  const writeModel = async (weights: Uint8Array | string, json = good.json): Promise<string> => {
    await folder.write('weights.bin', weights);
    return folder.write('model.json', json);
  };

  describe('a model', () => {
    it('are what they are said to be when it is opened, hashed, summarised or shown as text', async () => {
      for (const [file, what] of [
        ['model.h5', /Keras model \(HDF5\)/],
        ['model.keras', /Keras model \(\.keras\)/],
        ['model.onnx', /ONNX/],
        ['model.pth', /PyTorch/],
        ['architecture.json', /architecture of a Keras model/],
      ] as const) {
        const source = path.join(FORMATS, file);
        for (const work of [
          () => openModel(source),
          () => modelFileHashes(source),
          () => modelText(readFileSync(source), null, file),
        ]) {
          assert.match((await failureOf('model.otherFormat', work)).message, what);
        }
      }
      assert.match(
        (await failureOf('model.otherFormat', () => openModel(path.join(FORMATS, 'saved_model')))).message,
        /SavedModel/,
      );
      for (const [text, code, what] of [
        [PAGE, 'model.otherFormat', /web page/],
        [EXAMPLE_POINTER, 'model.lfsPointer', /Git LFS pointer/],
        [EXAMPLE_POINTER.replaceAll('\n', '\r\n'), 'model.lfsPointer', /Git LFS pointer/],
      ] as const) {
        const { problem } = summarise(text, 'model.json');
        assert.equal(problem?.code, code);
        assert.match(problem?.message ?? '', what);
        await failureOf(code, async () => openModel(await writeModel(good.weights, text)));
      }
      // Larger than any model.json: what it is comes before how large it is.
      const large = await folder.write(
        'large.h5',
        Buffer.concat([readFileSync(path.join(FORMATS, 'model.h5')), Buffer.alloc(65 << 20)]),
      );
      assert.match((await failureOf('model.otherFormat', () => openModel(large))).message, /Keras model/);
    });

    it('a graph model is called one, with and without its format', async () => {
      const topology = { node: [{ name: 'x', op: 'Placeholder', attr: {} }], versions: { producer: 27 } };
      for (const format of ['graph-model', undefined]) {
        const json = JSON.stringify({
          format,
          generatedBy: '2.11.0',
          convertedBy: 'TensorFlow.js Converter v4.22.0',
          modelTopology: topology,
          weightsManifest: [{ paths: ['weights.bin'], weights: [] }],
        });
        const failure = await failureOf('model.graphModel', async () => openModel(await writeModel('', json)));
        assert.match(failure.message, /is a TF\.js graph model, which is a program without layers/);
        assert.match(failure.todo ?? '', /`tensorflowjs_converter --input_format=keras model\.h5 out\/`/);
      }
    });

    it('a model whose first layer is a model is called nested, as Teachable Machine saves it', async () => {
      const features = L.sequential({
        layers: [
          L.layers.conv2d({ inputShape: [12, 12, 3], filters: 2, kernelSize: 3 }),
          L.layers.globalAveragePooling2d({}),
        ],
      });
      const head = L.sequential({
        layers: [
          L.layers.dense({ inputShape: [2], units: 4, activation: 'relu' }),
          L.layers.dense({ units: 2, useBias: false, activation: 'softmax' }),
        ],
      });
      const x = L.input({ shape: [12, 12, 3] });
      const models = [
        L.sequential({ layers: [features, head] }),
        L.model({ inputs: x, outputs: head.apply(features.apply(x)) as L.SymbolicTensor }),
      ];
      for (const model of models) {
        const { json, weights } = await filesOf(model);
        const failure = await failureOf('model.unsupportedLayer', async () =>
          openModel(await writeModel(weights, JSON.stringify(json))),
        );
        assert.match(
          failure.message,
          /^The file is a nested model: Layer "sequential_\w+" is itself a model inside the model \(Sequential\), as Teachable Machine and transfer learning export it\./,
        );
        assert.match(failure.todo ?? '', /inner layers written out/);
      }
      // Both are made of the same layers.
      models[0]!.dispose();
    });
  });

  describe('weights', () => {
    const cases: [what: string, content: () => Uint8Array | string, code: string, message: RegExp, todo: RegExp][] = [
      [
        'a gzip file',
        () => gzipSync(good.weights),
        'model.shardFormat',
        /^The weights file "weights\.bin" is a gzip file, not raw weights\.$/,
        /Unpack it/,
      ],
      [
        'a web page',
        () => PAGE,
        'model.shardFormat',
        /^The weights file "weights\.bin" is a web page \(HTML\), not raw weights\.$/,
        /error page of a download/,
      ],
      ['a Git LFS pointer', () => EXAMPLE_POINTER, 'model.lfsPointer', /Git LFS pointer/, /git lfs pull/],
      [
        'a Keras file',
        () => readFileSync(path.join(FORMATS, 'model.weights.h5')),
        'model.shardFormat',
        /is a file of Keras weights without the layers/,
        /weight files of this model/,
      ],
      [
        'a file cut off',
        () => good.weights.subarray(0, 1000),
        'model.shardTooShort',
        /has 1000 bytes; the declared shapes need/,
        /cut off/,
      ],
    ];
    for (const [what, content, code, message, todo] of cases) {
      it(`${what}, when the model is opened and when it is hashed`, async () => {
        const file = await writeModel(content());
        for (const work of [() => openModel(file), () => modelFileHashes(file)]) {
          const failure = await failureOf(code, work);
          assert.match(failure.message, message);
          assert.match(failure.todo ?? '', todo);
          assert.equal(failure.file, path.join(folder.path, 'weights.bin'));
        }
      });
    }

    it('weights whose line feeds git has changed', async () => {
      // As git does with what it takes for text: weights without a zero byte in them.
      const weights = good.weights.slice().fill(0x3d);
      for (const at of [5, 77, 4000]) weights[at] = 0x0a;
      const converted = Buffer.from(Buffer.from(weights).toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
      const file = await writeModel(converted);
      const failure = await failureOf('model.lineEndings', () => openModel(file));
      assert.match(failure.message, /git has converted every line feed \(LF\) in it to CRLF/);
      assert.match(failure.todo ?? '', /`\*\.bin -text`/);
      await writeModel(weights);
      (await openModel(file)).dispose();
      assert.match(
        (
          await failureOf('model.shardTooLong', async () =>
            openModel(await writeModel(Buffer.concat([weights, Buffer.alloc(3)]))),
          )
        ).message,
        /declared shapes need/,
      );
    });

    it('a pointer to the weights has no hashes of the model, and in a text for a diff its own', async () => {
      const file = await writeModel(pointerTo(sha256(good.weights), good.weights.length));
      await failureOf('model.lfsPointer', () => modelFileHashes(file));
      assert.equal(await contentSha256(path.join(folder.path, 'weights.bin')), sha256(good.weights));
      // A text for a diff says which: the pointer of another revision is another line.
      const pointer = pointerTo(sha256(good.weights), good.weights.length);
      const text = modelText(Buffer.from(good.json), () => Buffer.from(pointer), 'model.json');
      assert.match(
        text,
        new RegExp(
          `^Weights not read: weights\\.bin is a Git LFS pointer, not fetched  ${good.weights.length} bytes  sha256 ${sha256(good.weights).slice(0, 16)}$`,
          'm',
        ),
      );
    });
  });
});
