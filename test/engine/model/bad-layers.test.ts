import assert from 'node:assert/strict';
import { FinePruneError } from '../../../server/protocol/errors';
import { openModel } from '../../../server/engine/model/formats/registry';
import { summarise } from '../../../server/engine/model/formats/tfjs-layers/summary';
import { write, type ModelJson } from './support';
import { layersOf, refused, SpoiltModels } from './bad-input-support';

describe('models with layers that can not be defended', function () {
  this.timeout(30_000);
  const models = new SpoiltModels();

  it('Lambda, an unknown class, a model inside the model', async () => {
    await refused(
      await models.changed((_, layers) => layers.splice(2, 0, { class_name: 'Lambda', config: { name: 'code' } })),
      'model.lambda',
      /Layer "code" is a Lambda layer/,
      { place: /layers\/2\/class_name$/ },
    );
    await refused(
      await models.changed((_, layers) => (layers[1]!.class_name = 'EinsumDense')),
      'model.unsupportedLayer',
      /"max_pooling2d_1" is of the class EinsumDense/,
    );
    await refused(
      await models.changed((_, layers) => (layers[1]!.class_name = 'constructor')),
      'model.unsupportedLayer',
      /class constructor/,
    );
    await refused(
      await models.changed((_, layers) => (layers[1]!.class_name = 'Sequential')),
      'model.unsupportedLayer',
      /a model inside the model/,
    );
  });
  it('grouped convolution, channels first', async () => {
    await refused(
      await models.changed((_, layers) => (layers[2]!.config.groups = 2)),
      'model.groupedConvolution',
      /groups: 2/,
    );
    await refused(
      await models.changed((_, layers) => (layers[2]!.config.data_format = 'channels_first')),
      'model.channelsFirst',
      /channels first/,
    );
  });
  it('unknown activation functions, and known ones that are no output', async () => {
    await refused(
      await models.changed((_, layers) => (layers[5]!.config.activation = 'my_function')),
      'model.unsupportedActivation',
      /"dense_1" uses the activation function "my_function"/,
    );
    await refused(
      await models.changed((_, layers) => (layers[5]!.config.activation = { class_name: 'Custom', config: {} })),
      'model.unsupportedActivation',
      /"Custom"/,
    );
    for (const name of ['sigmoid', 'relu', 'tanh'])
      await refused(
        await models.changed((_, layers) => (layers[6]!.config.activation = name)),
        'model.outputActivation',
        new RegExp(`ends in ${name}`),
      );
    await refused(
      await models.changed((_, layers) => layers.push({ class_name: 'ReLU', config: { name: 'last' } })),
      'model.outputActivation',
      /ReLU \("last"\)/,
    );
  });
  it('values that are no numbers, or out of range', async () => {
    for (const units of [0, -1, 1.5, '128', null, 3e9])
      await refused(
        await models.changed((_, layers) => (layers[5]!.config.units = units)),
        'model.badTopology',
        /"units" is .*, expected a whole number/,
        { place: /layers\/5\/config\/units$/ },
      );
    await refused(
      await models.changed((_, layers) => (layers[0]!.config.kernel_size = [3, 3, 3])),
      'model.badTopology',
      /kernel_size/,
    );
    await refused(
      await models.changed((_, layers) => (layers[0]!.config.padding = 'causal')),
      'model.badTopology',
      /"valid" or "same"/,
    );
  });
  it('one class, no Dense layer, no layers, no hidden layers', async () => {
    await refused(
      await models.changed((_, layers) => Object.assign(layers[6]!.config, { units: 1, activation: 'sigmoid' })),
      'model.oneClass',
      /binary classifier with one sigmoid output \("dense_2"\); this version needs at least two outputs/,
    );
    await refused(
      await models.changed((_, layers) => {
        Object.assign(layers[6]!.config, { units: 1, activation: 'linear' });
        layers.push({ class_name: 'Activation', config: { name: 'yes', activation: 'sigmoid' } });
      }),
      'model.oneClass',
      /binary classifier with one sigmoid output \("yes"\)/,
    );
    for (const activation of ['softmax', 'linear', 'tanh'])
      await refused(
        await models.changed((_, layers) => Object.assign(layers[6]!.config, { units: 1, activation })),
        'model.oneClass',
        new RegExp(`one output \\("dense_2", ${activation}\\), which can't distinguish classes`),
      );
    await refused(
      await models.changed((_, layers) => layers.splice(5)),
      'model.noDense',
      /no Dense classifier: its output comes from "conv2d_1_input" \(InputLayer\)|no Dense classifier/,
    );
    await refused(await models.changed((_, layers) => layers.splice(0)), 'model.noDense', /no layers/);
  });
  it('a 1×1 convolution as the classifier', async () => {
    await refused(
      await models.changed((_, layers) => {
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
      await models.changed((_, layers) => (layers[1]!.config.pool_size = [20, 20])),
      'model.shapes',
      /too small/,
    );
    await refused(
      await models.changed((_, layers) => (layers[0]!.config.batch_input_shape = [null, null, null, 1])),
      'model.inputShape',
      /not fixed/,
    );
    await refused(
      await models.changed((_, layers) => delete layers[0]!.config.batch_input_shape),
      'model.inputShape',
      /does not say/,
    );
    await refused(
      await models.changed((_, layers) =>
        layers.splice(0, 4, { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, 400] } }),
      ),
      'model.inputShape',
      /\[400\]/,
    );
  });
  it('two layers of one name, more layers and parameters than we load', async () => {
    await refused(
      await models.changed((_, layers) => (layers[1]!.config.name = 'conv2d_1')),
      'model.duplicateLayer',
      /"conv2d_1"/,
    );
    await refused(
      await models.changed((_, layers) =>
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
      await models.changed((_, layers) => (layers[2]!.config.filters = 900_000)),
      'model.tooLarge',
      /parameters/,
    );
  });
  it('topologies of other kinds, and nonsense', async () => {
    await refused(
      await models.changed((json) => ((json.modelTopology as { class_name: string }).class_name = 'Subclassed')),
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
      await models
        .changed((json) => (json.modelTopology = topology))
        .then((file) =>
          assert.rejects(
            openModel(file),
            (error: FinePruneError) => error instanceof FinePruneError && error.kind === 'input',
          ),
        );
    }
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    await refused(
      await write(
        models.folder,
        models.good.json.replace('"keras_version"', `"more":${deep},"keras_version"`),
        models.good.weights,
      ),
      'model.badTopology',
      /nested too deeply/,
    );
    await refused(
      await write(models.folder, `{"modelTopology": ${deep}, "weightsManifest": []}`),
      'model.badTopology',
      /./,
    );
  });

  it('the summary tells the same problem, and does not throw', async () => {
    const json = JSON.parse(models.good.json) as ModelJson;
    layersOf(json)[1]!.class_name = 'Lambda';
    const summary = summarise(JSON.stringify(json), 'model.json');
    assert.equal(summary.problem?.code, 'model.lambda');
    assert.equal(summary.problem?.place, '/modelTopology/config/layers/1/class_name');
    assert.equal(summarise('{', 'model.json').problem?.code, 'model.badJson');
    assert.equal(summarise('', 'model.json').problem?.code, 'model.empty');
  });
});
