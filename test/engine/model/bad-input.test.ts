import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import { layers as l, input, model as tfModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { FinePruneError } from '../../../server/protocol/errors';
import { openModel } from '../../../server/engine/model/formats/tfjs-layers/open';
import { buildSimpleCnn, encodeModel } from '../../../server/engine/poison/simple-cnn';
import { summarise } from '../../../server/engine/model/formats/tfjs-layers/summary';
import { filesOf, temporaryFolder, useBackend, write, type ModelJson } from './support';

interface SequentialJson {
  config: { layers: { class_name: string; config: Record<string, unknown> }[] };
}

describe('models that can not be defended', function () {
  this.timeout(30_000);
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let folder: string;
  let count = 0;
  let good: { json: string; weights: Uint8Array };
  before(async () => {
    await useBackend();
    temporary = await temporaryFolder();
    const model = buildSimpleCnn({ seed: 1, inputShape: [12, 12, 1], classes: 4 });
    const { json, weights } = encodeModel(model);
    good = { json: new TextDecoder().decode(json), weights };
    model.dispose();
  });
  after(() => temporary.remove());
  beforeEach(async () => {
    folder = path.join(temporary.folder, String(count++));
    await mkdir(folder);
  });

  /** Opening fails with this code, leaves no tensor, and the message names file, place and what to do. */
  async function refused(
    file: string,
    code: string,
    message: RegExp,
    opts: { root?: string; place?: RegExp } = {},
  ): Promise<FinePruneError> {
    const before = memory().numTensors;
    let failure: unknown;
    await openModel(file, opts).then(
      (model) => model.dispose(),
      (error: unknown) => (failure = error),
    );
    assert.ok(failure instanceof FinePruneError, `expected ${code}, got ${String(failure)}`);
    assert.equal(failure.code, code, failure.message);
    assert.equal(failure.kind, 'input');
    assert.match(failure.message, message);
    assert.ok(failure.file, 'names the file');
    assert.ok(failure.todo, 'says what to do');
    if (opts.place) assert.match(failure.place ?? '', opts.place);
    assert.equal(memory().numTensors, before);
    return failure;
  }

  /** The good model with a change to its JSON. */
  async function changed(
    change: (json: ModelJson, layers: SequentialJson['config']['layers']) => void,
    weights = good.weights,
  ): Promise<string> {
    const json = JSON.parse(good.json) as ModelJson;
    change(json, (json.modelTopology as SequentialJson).config.layers);
    return write(folder, json, weights);
  }

  it('the unchanged one opens', async () => {
    const model = await openModel(await changed(() => undefined));
    assert.equal(model.classes, 4);
    model.dispose();
  });

  describe('files', () => {
    it('no file, a folder', async () => {
      await refused(path.join(folder, 'model.json'), 'model.notFound', /no such model file/);
      await refused(folder, 'model.notAFile', /not a file/);
    });
    it('empty, cut off, not JSON, not an object, another format', async () => {
      await refused(await write(folder, ''), 'model.empty', /empty/);
      await refused(await write(folder, good.json.slice(0, 500)), 'model.badJson', /not valid JSON/);
      await refused(await write(folder, '[1]'), 'model.badTopology', /expected an object/);
      await refused(await write(folder, '{"name": "package"}'), 'model.notLayersModel', /modelTopology/);
      await refused(await changed((json) => (json.format = 'graph-model')), 'model.graphModel', /graph model/, {
        place: /^\/format$/,
      });
    });
    it('too large', async () => {
      await refused(await write(folder, '{}' + ' '.repeat(65 * 2 ** 20)), 'model.tooLarge', /at most/);
    });
    it('a Git LFS pointer in the place of model.json or of the weights', async () => {
      const pointer =
        'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
      await refused(await write(folder, pointer), 'model.lfsPointer', /Git LFS pointer/);
      await refused(await changed(() => undefined, Buffer.from(pointer)), 'model.lfsPointer', /Git LFS pointer/);
    });
    it('outside of the workspace, also by a link', async () => {
      const file = await changed(() => undefined);
      const other = path.join(temporary.folder, 'workspace');
      await mkdir(other);
      await refused(file, 'model.outside', /outside of the workspace/, { root: other });
      await symlink(file, path.join(other, 'model.json'));
      await refused(path.join(other, 'model.json'), 'model.outside', /outside of the workspace/, { root: other });
    });
  });

  describe('weight files', () => {
    it('missing', async () => {
      const file = await changed(() => undefined);
      await rm(path.join(folder, 'weights.bin'));
      await refused(file, 'model.shardMissing', /"weights.bin" is missing/);
    });
    it('truncated: names the tensor that is cut off', async () => {
      await refused(
        await changed(() => undefined, good.weights.subarray(0, good.weights.length - 10)),
        'model.shardTooShort',
        /cut off in tensor "dense_2\/bias"/,
      );
      await refused(await changed(() => undefined, new Uint8Array(0)), 'model.shardTooShort', /0 bytes/);
    });
    it('oversized', async () => {
      await refused(
        await changed(() => undefined, Buffer.concat([good.weights, Buffer.alloc(4)])),
        'model.shardTooLong',
        new RegExp(`${good.weights.length + 4} bytes`),
      );
    });
    for (const [shard, message] of [
      ['../weights.bin', /leads out of the folder/],
      ['a/../../weights.bin', /leads out of the folder/],
      ['/etc/hostname', /not a relative path/],
      ['C:\\weights.bin', /not a relative path/],
      ['..\\weights.bin', /not a relative path/],
      ['https://example.org/weights.bin', /is an address/],
      ['', /no file name/],
      ['.', /no file name/],
      ['model.json', /model.json itself/],
    ] as const) {
      it(`the path "${shard}"`, async () => {
        const file = await changed((json) => (json.weightsManifest![0]!.paths = [shard]));
        await writeFile(path.join(temporary.folder, 'weights.bin'), good.weights);
        await refused(file, 'model.shardPath', message, { place: /weightsManifest\/0\/paths/ });
      });
    }
    it('file names of weights are taken as they are', async () => {
      for (const shard of [
        'Gewichte (1).bin',
        '-größe+1.bin',
        '#1 %20.bin',
        ...(process.platform === 'win32' ? [] : ['group1:shard1of1.bin']),
      ]) {
        const file = await changed((json) => (json.weightsManifest![0]!.paths = [shard]));
        await writeFile(path.join(folder, shard), good.weights);
        (await openModel(file)).dispose();
      }
    });
    it('a link that leaves the folder', async () => {
      const outside = path.join(temporary.folder, 'outside.bin');
      await writeFile(outside, good.weights);
      const file = await changed(() => undefined);
      await rm(path.join(folder, 'weights.bin'));
      await symlink(outside, path.join(folder, 'weights.bin'));
      await refused(file, 'model.shardPath', /leads out of the model's folder/);
    });
    it('a link inside the folder is fine', async () => {
      const file = await changed(() => undefined);
      await rm(path.join(folder, 'weights.bin'));
      await writeFile(path.join(folder, 'real.bin'), good.weights);
      await symlink('real.bin', path.join(folder, 'weights.bin'));
      (await openModel(file)).dispose();
    });
    it('listed twice, by name or by a link', async () => {
      await refused(
        await changed((json) => (json.weightsManifest![0]!.paths = ['weights.bin', './weights.bin'])),
        'model.shardPath',
        /twice/,
      );
      const half = good.weights.subarray(0, good.weights.length / 2);
      const file = await changed((json) => (json.weightsManifest![0]!.paths = ['weights.bin', 'copy.bin']), half);
      await symlink('weights.bin', path.join(folder, 'copy.bin'));
      await refused(file, 'model.shardPath', /names one file twice/);
    });
    it('a folder in the place of a shard', async () => {
      const file = await changed(() => undefined);
      await rm(path.join(folder, 'weights.bin'));
      await mkdir(path.join(folder, 'weights.bin'));
      await refused(file, 'model.shardMissing', /no ordinary file/);
    });
    for (const [value, shown] of [
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      [-Infinity, '-Infinity'],
    ] as const) {
      it(`${shown} among the weights`, async () => {
        const weights = good.weights.slice();
        // conv2d_1 has a kernel of 288 values, then its bias: value 5 of it.
        new DataView(weights.buffer).setFloat32(4 * (288 + 5), value, true);
        await refused(
          await changed(() => undefined, weights),
          'model.notFinite',
          new RegExp(`"conv2d_1/bias" holds ${shown} at index 5`),
          { place: /^\/weightsManifest\/0\/weights\/1$/ },
        );
      });
    }
  });

  describe('the weights manifest', () => {
    const weight = (json: ModelJson, i: number) => json.weightsManifest![0]!.weights[i]!;
    it('shapes whose product overflows, or that are larger than anything we load', async () => {
      for (const shape of [
        [3, 3, 1, 2 ** 52],
        [2 ** 31, 2 ** 31, 2 ** 31],
        Array.from({ length: 400 }, () => 1000),
        [250_000_001],
      ]) {
        await refused(
          await changed((json) => (weight(json, 0).shape = shape)),
          'model.tooLarge',
          /"conv2d_1\/kernel" declares the shape/,
          { place: /weights\/0\/shape$/ },
        );
      }
    });
    it('many tensors that are too large together', async () => {
      await refused(
        await changed((json) => {
          for (let i = 0; i < 20; i++)
            json.weightsManifest![0]!.weights.push({ name: `extra/${i}`, shape: [100_000_000], dtype: 'float32' });
        }),
        'model.tooLarge',
        /declared weights need more than/,
      );
    });
    it('negative, fractional or missing sizes', async () => {
      for (const shape of [[-1], [1.5], ['3'], [null], 'x', undefined]) {
        await refused(
          await changed((json) => (weight(json, 0).shape = shape as number[])),
          'model.badTopology',
          /expected/,
        );
      }
    });
    it('a shape that does not fit the layer', async () => {
      await refused(
        await changed((json) => (weight(json, 0).shape = [3, 3, 2, 16])),
        'model.weightShape',
        /layer "conv2d_1" \(Conv2D\) needs \[3,3,1,32\]/,
      );
    });
    it('a weight that is missing, or listed twice', async () => {
      await refused(
        await changed((json) => (weight(json, 0).name = 'other/kernel')),
        'model.missingWeight',
        /no tensor named "conv2d_1\/kernel"/,
      );
      await refused(await changed((json) => (weight(json, 1).name = 'conv2d_1/kernel')), 'model.badManifest', /twice/);
      await refused(await changed((json) => delete json.weightsManifest), 'model.badManifest', /no "weightsManifest"/);
    });
    it('quantised weights, float16, text', async () => {
      await refused(
        await changed(
          (json) =>
            (weight(json, 0).quantization = { dtype: 'uint8', min: -1, scale: 0.01, original_dtype: 'float32' }),
        ),
        'model.quantised',
        /quantised to uint8: rounding/,
      );
      await refused(
        await changed((json) => (weight(json, 0).quantization = { dtype: 'float16', original_dtype: 'float32' })),
        'model.quantised',
        /quantised to float16/,
      );
      await refused(
        await changed((json) => (weight(json, 0).dtype = 'string')),
        'model.unsupportedDtype',
        /type string/,
      );
      await refused(await changed((json) => (weight(json, 0).dtype = 'int32')), 'model.unsupportedDtype', /type int32/);
    });
  });

  describe('layers', () => {
    it('Lambda, an unknown class, a model inside the model', async () => {
      await refused(
        await changed((_, layers) => layers.splice(2, 0, { class_name: 'Lambda', config: { name: 'code' } })),
        'model.lambda',
        /Layer "code" is a Lambda layer/,
        { place: /layers\/2\/class_name$/ },
      );
      await refused(
        await changed((_, layers) => (layers[1]!.class_name = 'EinsumDense')),
        'model.unsupportedLayer',
        /"max_pooling2d_1" is of the class EinsumDense/,
      );
      await refused(
        await changed((_, layers) => (layers[1]!.class_name = 'constructor')),
        'model.unsupportedLayer',
        /class constructor/,
      );
      await refused(
        await changed((_, layers) => (layers[1]!.class_name = 'Sequential')),
        'model.unsupportedLayer',
        /a model inside the model/,
      );
    });
    it('grouped convolution, channels first', async () => {
      await refused(
        await changed((_, layers) => (layers[2]!.config.groups = 2)),
        'model.groupedConvolution',
        /groups: 2/,
      );
      await refused(
        await changed((_, layers) => (layers[2]!.config.data_format = 'channels_first')),
        'model.channelsFirst',
        /channels first/,
      );
    });
    it('unknown activation functions, and known ones that are no output', async () => {
      await refused(
        await changed((_, layers) => (layers[5]!.config.activation = 'my_function')),
        'model.unsupportedActivation',
        /"dense_1" uses the activation function "my_function"/,
      );
      await refused(
        await changed((_, layers) => (layers[5]!.config.activation = { class_name: 'Custom', config: {} })),
        'model.unsupportedActivation',
        /"Custom"/,
      );
      for (const name of ['sigmoid', 'relu', 'tanh'])
        await refused(
          await changed((_, layers) => (layers[6]!.config.activation = name)),
          'model.outputActivation',
          new RegExp(`ends in ${name}`),
        );
      await refused(
        await changed((_, layers) => layers.push({ class_name: 'ReLU', config: { name: 'last' } })),
        'model.outputActivation',
        /ReLU \("last"\)/,
      );
    });
    it('values that are no numbers, or out of range', async () => {
      for (const units of [0, -1, 1.5, '128', null, 3e9])
        await refused(
          await changed((_, layers) => (layers[5]!.config.units = units)),
          'model.badTopology',
          /"units" is .*, expected a whole number/,
          { place: /layers\/5\/config\/units$/ },
        );
      await refused(
        await changed((_, layers) => (layers[0]!.config.kernel_size = [3, 3, 3])),
        'model.badTopology',
        /kernel_size/,
      );
      await refused(
        await changed((_, layers) => (layers[0]!.config.padding = 'causal')),
        'model.badTopology',
        /"valid" or "same"/,
      );
    });
    it('one class, no Dense layer, no layers, no hidden layers', async () => {
      await refused(
        await changed((_, layers) => Object.assign(layers[6]!.config, { units: 1, activation: 'sigmoid' })),
        'model.oneClass',
        /binary classifier with one sigmoid output \("dense_2"\); this version needs two outputs or more/,
      );
      await refused(
        await changed((_, layers) => {
          Object.assign(layers[6]!.config, { units: 1, activation: 'linear' });
          layers.push({ class_name: 'Activation', config: { name: 'yes', activation: 'sigmoid' } });
        }),
        'model.oneClass',
        /binary classifier with one sigmoid output \("yes"\)/,
      );
      for (const activation of ['softmax', 'linear', 'tanh'])
        await refused(
          await changed((_, layers) => Object.assign(layers[6]!.config, { units: 1, activation })),
          'model.oneClass',
          new RegExp(`one output \\("dense_2", ${activation}\\), which tells no classes apart`),
        );
      await refused(
        await changed((_, layers) => layers.splice(5)),
        'model.noDense',
        /no Dense classifier: its output comes from "conv2d_1_input" \(InputLayer\)|no Dense classifier/,
      );
      await refused(await changed((_, layers) => layers.splice(0)), 'model.noDense', /no layers/);
    });
    it('a 1×1 convolution as the classifier', async () => {
      await refused(
        await changed((_, layers) => {
          layers.splice(
            4,
            3,
            { class_name: 'Conv2D', config: { name: 'head', filters: 4, kernel_size: [1, 1] } },
            { class_name: 'GlobalAveragePooling2D', config: { name: 'pool' } },
            { class_name: 'Softmax', config: { name: 'softmax', axis: -1 } },
          );
        }),
        'model.noDense',
        /comes from "pool" \(GlobalAveragePooling2D\)/,
      );
    });
    it('sizes that do not fit, an input that is not fixed or no image', async () => {
      await refused(
        await changed((_, layers) => (layers[1]!.config.pool_size = [20, 20])),
        'model.shapes',
        /too small/,
      );
      await refused(
        await changed((_, layers) => (layers[0]!.config.batch_input_shape = [null, null, null, 1])),
        'model.inputShape',
        /not fixed/,
      );
      await refused(
        await changed((_, layers) => delete layers[0]!.config.batch_input_shape),
        'model.inputShape',
        /does not say/,
      );
      await refused(
        await changed((_, layers) =>
          layers.splice(0, 4, { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, 400] } }),
        ),
        'model.inputShape',
        /\[400\]/,
      );
    });
    it('two layers of one name, more layers and parameters than we load', async () => {
      await refused(
        await changed((_, layers) => (layers[1]!.config.name = 'conv2d_1')),
        'model.duplicateLayer',
        /"conv2d_1"/,
      );
      await refused(
        await changed((_, layers) =>
          layers.push(
            ...Array.from({ length: 3000 }, (_u, i) => ({
              class_name: 'Dropout',
              config: { name: `d${i}`, rate: 0.1 },
            })),
          ),
        ),
        'model.tooLarge',
        /layers/,
      );
      await refused(
        await changed((_, layers) => (layers[2]!.config.filters = 900_000)),
        'model.tooLarge',
        /parameters/,
      );
    });
    it('topologies of other kinds, and nonsense', async () => {
      await refused(
        await changed((json) => ((json.modelTopology as { class_name: string }).class_name = 'Subclassed')),
        'model.unsupportedTopology',
        /class Subclassed/,
      );
      for (const topology of [
        null,
        3,
        'x',
        [],
        {},
        { class_name: 'Sequential' },
        { class_name: 'Sequential', config: { layers: [1] } },
        { class_name: 'Functional', config: { layers: [{}] } },
      ]) {
        await changed((json) => (json.modelTopology = topology)).then((file) =>
          assert.rejects(
            openModel(file),
            (error: FinePruneError) => error instanceof FinePruneError && error.kind === 'input',
          ),
        );
      }
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
      await refused(
        await write(folder, good.json.replace('"keras_version"', `"more":${deep},"keras_version"`), good.weights),
        'model.badTopology',
        /nested too deeply/,
      );
      await refused(await write(folder, `{"modelTopology": ${deep}, "weightsManifest": []}`), 'model.badTopology', /./);
    });
  });

  describe('graphs', () => {
    type Node = { class_name: string; name: string; config: object; inbound_nodes: unknown[] };
    async function functional(
      change: (config: { layers: Node[]; input_layers: unknown[]; output_layers: unknown[] }) => void,
    ): Promise<string> {
      const x = input({ shape: [4, 4, 1], name: 'image' });
      const flat = l.flatten({ name: 'flat' }).apply(x) as SymbolicTensor;
      const a = l.dense({ units: 5, name: 'a' }).apply(flat) as SymbolicTensor;
      const b = l.dense({ units: 5, name: 'b' }).apply(flat) as SymbolicTensor;
      const sum = l.add({ name: 'sum' }).apply([a, b]) as SymbolicTensor;
      const built = tfModel({
        inputs: x,
        outputs: l.dense({ units: 3, name: 'classes', activation: 'softmax' }).apply(sum) as SymbolicTensor,
      });
      const { json, weights } = await filesOf(built);
      built.dispose();
      change((json.modelTopology as { config: never }).config);
      return write(folder, json, weights);
    }
    const named = (layers: Node[], name: string) => layers.find((layer) => layer.name === name)!;

    it('several inputs or outputs', async () => {
      await refused(await functional((c) => c.output_layers.push(['a', 0, 0])), 'model.severalOutputs', /2 outputs/);
      await refused(await functional((c) => c.input_layers.push(['other', 0, 0])), 'model.severalInputs', /2 inputs/);
      await refused(
        await functional((c) => {
          c.layers.push({
            class_name: 'InputLayer',
            name: 'second',
            config: { name: 'second', batch_input_shape: [null, 5] },
            inbound_nodes: [],
          });
          named(c.layers, 'sum').inbound_nodes = [
            [
              ['a', 0, 0, {}],
              ['second', 0, 0, {}],
            ],
          ];
        }),
        'model.severalInputs',
        /another input, "second"/,
      );
    });
    it('a layer that is used twice', async () => {
      await refused(
        await functional((c) => named(c.layers, 'a').inbound_nodes.push([['flat', 0, 0, {}]])),
        'model.sharedLayer',
        /"a" is used 2 times/,
      );
      await refused(
        await functional(
          (c) =>
            (named(c.layers, 'sum').inbound_nodes = [
              [
                ['a', 0, 0, {}],
                ['a', 1, 0, {}],
              ],
            ]),
        ),
        'model.sharedLayer',
        /"a" is used more than once/,
      );
    });
    it('layers that do not exist, or that read each other', async () => {
      await refused(
        await functional(
          (c) =>
            (named(c.layers, 'sum').inbound_nodes = [
              [
                ['a', 0, 0, {}],
                ['gone', 0, 0, {}],
              ],
            ]),
        ),
        'model.badTopology',
        /"sum" reads layer "gone"/,
      );
      await refused(
        await functional((c) => (named(c.layers, 'a').inbound_nodes = [[['sum', 0, 0, {}]]])),
        'model.badTopology',
        /in a circle/,
      );
      await refused(
        await functional((c) => (c.output_layers = [['gone', 0, 0]])),
        'model.badTopology',
        /The output reads layer "gone"/,
      );
    });
    it('sums and joins of tensors that do not fit', async () => {
      await refused(
        await functional(
          (c) =>
            (named(c.layers, 'sum').inbound_nodes = [
              [
                ['a', 0, 0, {}],
                ['flat', 0, 0, {}],
              ],
            ]),
        ),
        'model.shapes',
        /different shapes/,
      );
      await refused(
        await functional((c) => (named(c.layers, 'sum').inbound_nodes = [[['a', 0, 0, {}]]])),
        'model.shapes',
        /two or more/,
      );
    });
  });

  it('the summary tells the same problem, and does not throw', async () => {
    const json = JSON.parse(good.json) as ModelJson;
    (json.modelTopology as SequentialJson).config.layers[1]!.class_name = 'Lambda';
    const summary = summarise(JSON.stringify(json), 'model.json');
    assert.equal(summary.problem?.code, 'model.lambda');
    assert.equal(summary.problem?.place, '/modelTopology/config/layers/1/class_name');
    assert.equal(summarise('{', 'model.json').problem?.code, 'model.badJson');
    assert.equal(summarise('', 'model.json').problem?.code, 'model.empty');
  });
});
