import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { kindOfBytes, kindOfText } from '../../../../server/engine/files/file-kind';
import { kindOfJson } from '../../../../server/engine/files/kind-of-json';
import { fileKind, kindWords, type Kind } from '../../../../server/engine/files/kinds';
import { isLfsPointer, lfsObject } from '../../../../server/engine/files/lfs-pointer';
import { insideGzip, sniffFile } from '../../../../server/engine/files/sniff';
import { refuseOtherBytes, refuseOtherModel } from '../../../../server/engine/model/formats/other-model';
import { bzip2Header, EXAMPLE_POINTER } from '../../../fixtures/other-files';
import { failureOf, idxBytes, mnistFile, temporaryFolder } from '../../../harness/files';

const FORMATS = path.resolve(__dirname, '../../../fixtures/formats');
const EXAMPLE = path.resolve(__dirname, '../../../../examples/mnist-badnets');

/** Files that the frameworks wrote (test/oracle/formats.py), and what to do about each. */
const WRITTEN: [file: string, kind: Kind, message: RegExp, todo: RegExp][] = [
  [
    'model.h5',
    'keras-h5',
    /^This is a Keras model \(HDF5\); this version of Fine-Prune opens TF\.js Layers models\.$/,
    /`tensorflowjs_converter --input_format=keras model\.h5 out\/`/,
  ],
  [
    'model.keras',
    'keras-zip',
    /^This is a Keras model \(\.keras\);/,
    /`keras\.models\.load_model\("model\.keras"\)\.save\("model\.h5"\)`.*`tensorflowjs_converter --input_format=keras model\.h5 out\/`/,
  ],
  [
    'model.weights.h5',
    'keras-weights',
    /Keras weights without the layers/,
    /`model\.load_weights\("model\.weights\.h5"\)`/,
  ],
  [
    'weights-only.h5',
    'keras-weights',
    /Keras weights without the layers/,
    /`model\.load_weights\("weights-only\.h5"\)`/,
  ],
  ['data.h5', 'hdf5', /^This is an HDF5 file;/, /If it holds a Keras model/],
  ['saved_model', 'saved-model', /^This is a TensorFlow SavedModel;/, /graph models/],
  ['saved_model/saved_model.pb', 'saved-model', /^This is a TensorFlow SavedModel;/, /graph models/],
  ['model.tflite', 'tflite', /^This is a TensorFlow Lite model;/, /--input_format=keras/],
  ['model.onnx', 'onnx', /^This looks like an ONNX model;/, /There is no converter from it to TF\.js Layers/],
  ['legacy.onnx', 'onnx', /^This looks like an ONNX model;/, /There is no converter/],
  ['model.pth', 'pytorch', /^This is a PyTorch file;/, /There is no converter/],
  ['old.pth', 'pytorch', /^This is a PyTorch file;/, /There is no converter/],
  ['scripted.pt', 'torchscript', /^This is a TorchScript model \(PyTorch\);/, /There is no converter/],
  ['model.pkl', 'pickle', /^This is a Python pickle;/, /never runs/],
  ['model.safetensors', 'safetensors', /^This is a safetensors file;/, /There is no converter/],
  ['mnist.npz', 'npz', /^This is a NumPy archive/, /model\.json/],
  ['images.npy', 'npy', /^This is a NumPy array/, /model\.json/],
];

describe('what a file is', () => {
  const folder = temporaryFolder();

  for (const [file, kind, message, todo] of WRITTEN) {
    it(`${file}: ${kind}, whatever it is called`, async () => {
      const source = path.join(FORMATS, file);
      assert.equal((await sniffFile(source))?.kind, kind);
      const failure = await failureOf('model.otherFormat', () => refuseOtherModel(source));
      assert.match(failure.message, message);
      assert.match(failure.todo ?? '', todo);
      assert.equal(failure.file, source);
      if (kind === 'saved-model') return;
      for (const name of ['model.json', 'weights.bin', 'noname']) {
        copyFileSync(source, path.join(folder.path, name));
        assert.equal((await sniffFile(path.join(folder.path, name)))?.kind, kind, name);
      }
    });
  }

  it('a SavedModel of Keras 2, by the file that it writes beside the graph', async () => {
    const saved = path.join(folder.path, '-my model');
    mkdirSync(saved);
    copyFileSync(path.join(FORMATS, 'saved_model/saved_model.pb'), path.join(saved, 'saved_model.pb'));
    writeFileSync(path.join(saved, 'keras_metadata.pb'), '');
    for (const named of [saved, path.join(saved, 'saved_model.pb')]) {
      const { todo } = await failureOf('model.otherFormat', () => refuseOtherModel(named));
      assert.match(
        todo ?? '',
        /--input_format=keras_saved_model --output_format=tfjs_layers_model '\.\/-my model' out\//,
      );
    }
  });

  it('packed files, pages, images', async () => {
    const tar = path.join(folder.path, 'some.tar');
    execFileSync('tar', ['-cf', tar, '-C', FORMATS, 'data.h5']);
    assert.equal((await sniffFile(tar))?.kind, 'tar');
    const pages: [string, Kind | null][] = [
      ['<!DOCTYPE html><title>404', 'html'],
      ['\n <HTML lang="en">', 'html'],
      ['\uFEFF<!-- a comment --><!doctype HTML>', 'html'],
      ['<?xml version="1.0"?><!DOCTYPE html PUBLIC><html>', 'html'],
      ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'xml'],
      ['<h1>', null],
      ['doctype html', null],
      ['', null],
    ];
    for (const [text, kind] of pages) {
      assert.equal(kindOfText(text), kind, text);
      assert.equal(kindOfBytes(Buffer.from(text))?.kind ?? null, kind, text);
    }
    const signatures: [Uint8Array, Kind][] = [
      [gzipSync('{}'), 'gzip'],
      [bzip2Header, 'bzip2'],
      [Buffer.from('fd377a585a00', 'hex'), 'xz'],
      [Buffer.from('28b52ffd', 'hex'), 'zstd'],
      [Buffer.from('PAR1'), 'parquet'],
      [Buffer.from('89504e470d0a1a0a', 'hex'), 'png'],
      [Buffer.from('ffd8ffe0', 'hex'), 'jpeg'],
      [Buffer.from('GIF89a'), 'gif'],
      [Buffer.from('%PDF-1.7'), 'pdf'],
      [Buffer.from('MATLAB 5.0 MAT-file'), 'matlab'],
    ];
    for (const [bytes, kind] of signatures) assert.equal(kindOfBytes(bytes)?.kind, kind);
    assert.equal(insideGzip(gzipSync(readFileSync(tar)))?.kind, 'tar');
    assert.equal(insideGzip(gzipSync(readFileSync(path.join(FORMATS, 'model.h5'))))?.kind, 'keras-h5');
    assert.equal(insideGzip(Buffer.from([0x1f, 0x8b, 1, 2, 3])), null);
  });

  it('a model.json that was gzipped, with what it holds', async () => {
    const packed = await folder.write('model.json', gzipSync(readFileSync(path.join(EXAMPLE, 'model.json'))));
    const failure = await failureOf('model.otherFormat', () => refuseOtherModel(packed));
    assert.match(failure.message, /^This is a gzip file;/);
    assert.equal(failure.todo, 'Unpack it first: `gzip -dc model.json > unpacked-model.json`.');
    const nested = await folder.write('model.gz', gzipSync(readFileSync(path.join(FORMATS, 'model.h5'))));
    assert.match(
      (await failureOf('model.otherFormat', () => refuseOtherModel(nested))).message,
      /^This is a gzip file, which holds a Keras model \(HDF5\);/,
    );
  });

  it('a text by its content, whatever it is called, and with the path that a person typed', async () => {
    for (const name of ['model.h5', 'model.keras', 'model.pth', 'model.onnx', 'model.safetensors', 'model.tflite']) {
      for (const content of ['Not a model, but a note about one – grüße.\n', '404: Not Found', 'a,b\r\n1,2\r\n'])
        assert.equal(kindOfBytes(Buffer.from(content), { name }), null, `${name}: ${content}`);
      assert.equal(
        kindOfBytes(Buffer.from([1, 2, 3, 0xff, 0, 9]), { name })?.sure,
        'name',
        `${name}, of unknown bytes`,
      );
    }
    assert.equal(
      kindOfBytes(Buffer.from('layer { name: "conv" }'), { name: 'net.prototxt' })?.kind,
      'caffe',
      'that is a text',
    );
    assert.equal(
      kindOfBytes(Buffer.from(`${'ä'.repeat(40)}`).subarray(0, 41), { name: 'model.h5' }),
      null,
      'cut off within a character',
    );
    await failureOf('model.otherFormat', () => refuseOtherBytes(gzipSync('{}'), 'sub/model.json')).then(({ todo }) =>
      assert.equal(todo, 'Unpack it first: `gzip -dc sub/model.json > unpacked-model.json`.'),
    );
  });

  it('a Git LFS pointer, with either line ending, and what it stands for', () => {
    for (const text of [EXAMPLE_POINTER, EXAMPLE_POINTER.replaceAll('\n', '\r\n')]) {
      assert.equal(kindOfText(text), 'lfs-pointer');
      assert.deepEqual(lfsObject(text), {
        sha256: '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393',
        size: 12345,
      });
    }
    // As LFS writes it where a filter changes the content on its way: the hash is not that of the file.
    assert.equal(lfsObject(EXAMPLE_POINTER.replace('oid', 'ext-0-case sha256:00\noid')), null);
    assert.equal(lfsObject(EXAMPLE_POINTER.replace(/sha256:\w+/, 'sha256:4d7a')), null);
    assert.ok(
      isLfsPointer(EXAMPLE_POINTER) &&
        !isLfsPointer(`x${EXAMPLE_POINTER}`) &&
        !isLfsPointer('version https://example.org/\n'),
    );
  });

  it('JSON that is no TF.js Layers model', () => {
    const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
    const cases: [unknown, Kind | null][] = [
      [read(path.join(FORMATS, 'architecture.json')), 'keras-architecture'],
      [read(path.join(EXAMPLE, 'mnist-badnets.defense.json')), 'defense-report'],
      [{ format: 'graph-model', modelTopology: { node: [], versions: {} }, weightsManifest: [] }, 'graph-model'],
      // Converters before 1.2 gave no format.
      [
        { modelTopology: { node: [{ name: 'x', op: 'Placeholder' }], library: {} }, weightsManifest: [] },
        'graph-model',
      ],
      [
        {
          tfjsVersion: '1.3.1',
          tmVersion: '2.4.7',
          packageVersion: '0.8.4',
          packageName: '@teachablemachine/image',
          labels: ['a', 'b'],
          imageSize: 224,
        },
        'tm-metadata',
      ],
      [[{ paths: ['group1-shard1of1'], weights: [{ name: 'a', shape: [1], dtype: 'float32' }] }], 'weights-manifest'],
      [{ schemaVersion: 2, model: {}, data: {}, scan: {} }, 'scan-result'],
      [{ model: 'model.json', data: {} }, 'defense-config'],
      [read(path.join(EXAMPLE, 'model.json')), null],
      [{}, null],
      [[], null],
      [null, null],
      ['x', null],
      [{ name: 'x', version: '1.0.0' }, null],
    ];
    for (const [value, kind] of cases) assert.equal(kindOfJson(value)?.kind ?? null, kind);
  });

  it('nothing of models, data and texts that we read, nor of what is not there', async () => {
    for (const name of ['model.json', 'weights.bin', 'mnist-badnets.fineprune.json', 'mnist-badnets.defense.md'])
      assert.equal(await sniffFile(path.join(EXAMPLE, name)), null, name);
    for (const file of [
      folder.path,
      path.join(folder.path, 'none'),
      await folder.write('empty', ''),
      await folder.write('text.txt', 'a text'),
    ])
      assert.equal(await sniffFile(file), null, file);
    assert.equal((await sniffFile(mnistFile('t10k-images-idx3-ubyte')))?.kind, 'idx');
    assert.equal(kindOfBytes(idxBytes(0x08, [2, 2, 2], [0x1f, 0x8b, 0, 0, 0, 0, 0, 0]))?.kind, 'idx');
    // Weights begin with any bytes; a protobuf of another program begins like ONNX's, but for the producer's name.
    assert.equal(kindOfBytes(Buffer.from('0804121a0a050a0169', 'hex')), null);
    assert.equal(kindOfBytes(new Uint8Array(new Float32Array([0.1, -0.2, 3]).buffer)), null);
  });

  it('by its name only where its bytes say nothing, which it says', async () => {
    const caffe = await folder.write('net.caffemodel', Buffer.from('0a0756474731362d', 'hex'));
    assert.deepEqual(await sniffFile(caffe), fileKind('caffe', 'name'));
    assert.match(
      (await failureOf('model.otherFormat', () => refuseOtherModel(caffe))).message,
      /^This looks like a Caffe model by its name;/,
    );
    assert.equal(kindWords(fileKind('onnx', 'name')), 'looks like an ONNX model by its name');
    assert.equal(await sniffFile(await folder.write('model.h5', '{"format": "layers-model"}')), null, 'JSON is JSON');
  });

  it('reads a bounded beginning, follows nothing, and waits for nothing', async () => {
    const huge = await folder.write('huge.h5', readFileSync(path.join(FORMATS, 'model.h5')));
    truncateSync(huge, 2 ** 36);
    const zip = await folder.write('cut.keras', readFileSync(path.join(FORMATS, 'model.keras')).subarray(0, 5000));
    const pipe = path.join(folder.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const before = performance.now();
    assert.equal((await sniffFile(huge))?.kind, 'keras-h5');
    assert.deepEqual(await sniffFile(zip), fileKind('keras-zip', 'likely'), 'without the list at its end');
    assert.equal(await sniffFile(pipe), null);
    assert.ok(performance.now() - before < 2000);
    await refuseOtherModel(pipe);
  });
});
