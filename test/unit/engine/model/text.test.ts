import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  modelText,
  placeOfShard,
  shardPaths,
  weightsText,
} from '../../../../server/engine/model/formats/tfjs-layers/text/text-summary';
import { unknownWeightsText } from '../../../../server/engine/model/formats/file-text';
import { ranges } from '../../../../server/engine/model/formats/tfjs-layers/text/tensor-text';
import { FinePruneError } from '../../../../server/protocol/errors';

const EXAMPLE = path.resolve(__dirname, '../../../../examples/mnist-badnets');
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A network of 2×1 pixels, three hidden units and two classes, its weights in two files of 16 and 52 bytes. */
function small(change: (json: ReturnType<typeof topology>) => void = () => undefined): Uint8Array {
  const json = topology();
  change(json);
  return encode(json);
}
function topology() {
  const dense = (name: string, units: number, activation: string, more: object = {}) => ({
    class_name: 'Dense',
    config: { name, units, activation, use_bias: true, ...more },
  });
  return {
    format: 'layers-model',
    modelTopology: {
      class_name: 'Sequential',
      config: {
        layers: [
          { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 2, 1, 1] } },
          dense('hidden', 3, 'relu'),
          dense('out', 2, 'softmax'),
        ],
      },
    },
    weightsManifest: [
      {
        paths: ['a.bin', 'b.bin'],
        weights: [
          { name: 'hidden/kernel', shape: [2, 3], dtype: 'float32' },
          { name: 'hidden/bias', shape: [3], dtype: 'float32' },
          { name: 'out/kernel', shape: [3, 2], dtype: 'float32' },
          { name: 'out/bias', shape: [2], dtype: 'float32' },
        ],
      },
    ],
  };
}
const VALUES = new Float32Array([1, 0, -2, 3, -0, 4, 0.5, 0, 0.25, 1, 2, 3, 4, 5, 6, 0, -1]);
const BYTES = new Uint8Array(VALUES.buffer);
const shard = (name: string): Uint8Array | null =>
  ({ 'a.bin': BYTES.subarray(0, 16), 'b.bin': BYTES.subarray(16) })[name] ?? null;

describe('a model as text', () => {
  it('lists layers, zeroed units and tensors, each on a line of its own', () => {
    const text = modelText(small(), shard, 'model.json');
    const lines = text.split('\n');
    assert.deepEqual(lines.slice(0, 4), ['TF.js Layers model', 'input 2×1×1', 'classes 2', 'parameters 17']);
    assert.match(text, /^ {2}hidden {2}Dense {2}3 {2}9 parameters {2}relu {2}config [0-9a-f]{8}$/m);
    assert.match(text, /^ {2}hidden {2}1 of 3: 1$/m, 'unit 1 has weights 0 and −0 and a bias of 0');
    assert.match(text, /^ {2}hidden\/kernel {2}\[2, 3\] float32 {2}sha256 [0-9a-f]{16} {2}min -2 max 4$/m);
    assert.equal(text, modelText(small(), shard, 'another/name.json'), 'nothing of the name is in it');
  });

  it('tells a changed setting at its layer, and nothing else', () => {
    const [before, after] = [
      small(),
      small((json) =>
        Object.assign(json.modelTopology.config.layers[1]!.config, { kernel_constraint: null, trainable: false }),
      ),
    ].map((json) => modelText(json, shard, '').split('\n'));
    const changed = before!.filter((line, at) => line !== after![at]).map((line) => line.trim().split(' ')[0]);
    assert.deepEqual(changed, ['topology', 'hidden']);
  });

  it('says which weights are missing or of the wrong length, and goes on', () => {
    assert.match(
      modelText(small(), () => null, ''),
      /Weights not read: a\.bin is missing[\s\S]*Tensors[\s\S]*out\/bias {2}\[2\] float32$/m,
    );
    assert.doesNotMatch(
      modelText(small(), () => null, ''),
      /Zeroed units/,
      'no heading above nothing',
    );
    assert.doesNotMatch(
      modelText(small(), () => null, ''),
      /\n\n\n|\n\n\S[^\n]*\n(\n|$)/,
      'no heading above nothing',
    );
    assert.match(
      modelText(small(), (name) => (name === 'a.bin' ? BYTES : shard(name)), ''),
      /Weights not read: a\.bin, b\.bin: 120 bytes, the declared shapes need 68/,
    );
  });

  it('without weights it is what model.json says alone', () => {
    const text = modelText(small(), null, '');
    assert.ok(!text.includes('Zeroed') && !/min|sha256 [0-9a-f]{16} {2}/.test(text.split('Tensors')[1]!), text);
  });

  it('tells tensors of a model whose layers are not supported', () => {
    const text = modelText(
      small((json) => Object.assign(json.modelTopology.config.layers[1]!, { class_name: 'Lambda' })),
      shard,
      '',
    );
    assert.match(text, /not read: .*Lambda/);
    assert.match(text, /hidden\/bias {2}\[3\] float32 {2}sha256/);
    assert.doesNotMatch(text, /Zeroed units/, 'what is zeroed is not known');
  });

  it('spells out what could steer a terminal or make a line', () => {
    const text = modelText(
      small((json) => {
        json.modelTopology.config.layers[1]!.config.name = 'evil\u001b[2J\n\u202e';
      }),
      null,
      '',
    );
    assert.match(text, /evil⟨U\+001B⟩\[2J⟨U\+000A⟩⟨U\+202E⟩/);
  });

  it('counts values that are no number', () => {
    const odd = VALUES.slice();
    odd[16] = NaN;
    const bytes = new Uint8Array(odd.buffer);
    assert.match(
      modelText(small(), (name) => (name === 'a.bin' ? bytes.subarray(0, 16) : bytes.subarray(16)), ''),
      /out\/bias {2}\[2\] float32 {2}sha256 [0-9a-f]{16} {2}min 0 max 0 {2}1 not finite/,
    );
  });

  for (const [what, json] of [
    ['no JSON', new TextEncoder().encode('{')],
    ['another JSON', encode({ a: 1 })],
    ['a graph model', encode({ format: 'graph-model', modelTopology: {}, weightsManifest: [] })],
  ] as const) {
    it(`refuses ${what} with a reason`, () =>
      assert.throws(
        () => modelText(json, null, 'x'),
        (error: unknown) => error instanceof FinePruneError && error.code.startsWith('model.'),
      ));
  }

  it('knows the pruned units of a real defended network', () => {
    const json = readFileSync(path.join(EXAMPLE, 'model.json'));
    const weights = readFileSync(path.join(EXAMPLE, 'weights.bin'));
    const values = new Float32Array(weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length));
    const [kernel, bias] = [320 + 18_496, 320 + 18_496 + 1600 * 128];
    for (const unit of [3, 4, 5, 100]) {
      for (let i = 0; i < 1600; i++) values[kernel + i * 128 + unit] = 0;
      values[bias + unit] = 0;
    }
    assert.deepEqual(shardPaths(json, ''), ['weights.bin']);
    assert.match(
      modelText(json, () => new Uint8Array(values.buffer), ''),
      /^ {2}dense_1 {2}4 of 128: 3–5, 100$/m,
    );
  });
});

describe('a weight file as text', () => {
  it('finds its place by name and size, also among several files', () => {
    const sizes = (name: string) => ({ 'a.bin': 16, 'b.bin': 52 })[name] ?? null;
    assert.deepEqual(placeOfShard(small(), '', 'b.bin', 52, sizes), { group: 0, offset: 16 });
    assert.deepEqual(placeOfShard(small(), '', 'a.bin', 16, sizes), { group: 0, offset: 0 });
    assert.equal(placeOfShard(small(), '', 'b.bin', 48, sizes), null);
    assert.equal(placeOfShard(small(), '', 'c.bin', 52, sizes), null);
    assert.equal(
      placeOfShard(small(), '', 'b.bin', 52, () => null),
      null,
    );
  });

  it('tells whole tensors, and the parts of one that is cut', () => {
    const text = weightsText(small(), { group: 0, offset: 16, bytes: BYTES.subarray(16) }, '');
    assert.match(text, /^ {2}hidden\/bias {2}\[3\]/m);
    assert.match(text, /^ {2}hidden\/kernel {2}bytes 16 to 24 of 24 {2}sha256 [0-9a-f]{16}$/m);
    assert.ok(!/^ {2}hidden {2}\d of/m.test(text), 'whether its units are zero is in two files');
  });

  it('says size, hash and range of bytes that no model names', () => {
    assert.match(
      unknownWeightsText(BYTES, 'Nobody knows it.'),
      /^Weights, 68 bytes {2}sha256 [0-9a-f]{16}\nNobody knows it\.\nas float32 {2}min -2 max 6\n$/,
    );
    assert.equal(unknownWeightsText(new Uint8Array(3), 'Why.').split('\n').length, 3);
  });
});

describe('ranges of indices', () => {
  it('joins neighbours', () => assert.equal(ranges([0, 1, 2, 5, 7, 8]), '0–2, 5, 7–8'));
  it('cuts a list that no line could hold, and still tells two of them apart', () => {
    const odd = Array.from({ length: 1000 }, (_, i) => 2 * i);
    assert.ok(ranges(odd).length < 2000);
    assert.notEqual(ranges(odd), ranges(odd.slice(0, -1)));
  });
});
