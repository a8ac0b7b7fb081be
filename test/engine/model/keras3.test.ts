import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { logitsOf } from './inside';
import type { OpenModel } from '../../../server/engine/model/model';
import { findUnitSite } from '../../../server/engine/model/units';
import { distance, filesOf, images, randomise, ModelFiles } from './support';

const l = L.layers;

describe('Keras 3 topologies', function () {
  this.timeout(30_000);
  const models = new ModelFiles();

  type Json = Record<string, unknown>;
  function residual(): L.LayersModel {
    const x = L.input({ shape: [8, 8, 2], name: 'image' });
    const a = l.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', name: 'a' }).apply(x) as L.SymbolicTensor;
    const b = l.conv2d({ filters: 4, kernelSize: 3, name: 'b' }).apply(x) as L.SymbolicTensor;
    const norm = l.batchNormalization({ name: 'norm' }).apply(b) as L.SymbolicTensor;
    const sum = l.add({ name: 'sum' }).apply([a, norm]) as L.SymbolicTensor;
    const joined = l.concatenate({ name: 'joined' }).apply([sum, a]) as L.SymbolicTensor;
    const dropped = l
      .dropout({ rate: 0.1, name: 'dropped' })
      .apply(l.flatten({ name: 'flat' }).apply(joined)) as L.SymbolicTensor;
    const hidden = l.dense({ units: 6, activation: 'relu', name: 'hidden' }).apply(dropped) as L.SymbolicTensor;
    return L.model({
      inputs: x,
      outputs: l.dense({ units: 3, activation: 'softmax', name: 'classes' }).apply(hidden) as L.SymbolicTensor,
    });
  }

  /** The same topology as Keras 3 writes it. */
  function keras3(topology: Json): Json {
    const config = topology['config'] as {
      layers: Json[];
      input_layers: unknown[][];
      output_layers: unknown[][];
      name: string;
    };
    const tensor = ([layer, node, index]: unknown[]) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 1], dtype: 'float32', keras_history: [layer, node, index] },
    });
    const layers = config.layers.map((layer) => {
      const { batch_input_shape: shape, ...rest } = layer['config'] as Json;
      const inbound = (layer['inbound_nodes'] as unknown[][][]).map((node) => {
        const tensors = node.map(tensor);
        const several = layer['class_name'] === 'Add' || layer['class_name'] === 'Concatenate';
        return {
          args: several ? [tensors] : tensors,
          kwargs:
            layer['class_name'] === 'Dropout'
              ? { training: false }
              : layer['class_name'] === 'BatchNormalization'
                ? { mask: null }
                : {},
        };
      });
      const activation =
        rest['activation'] === 'relu' && layer['name'] === 'hidden'
          ? { module: 'builtins', class_name: 'function', config: 'relu', registered_name: 'function' }
          : rest['activation'];
      return {
        ...layer,
        module: 'keras.layers',
        registered_name: null,
        build_config: { input_shape: [null, 1] },
        config: {
          ...rest,
          ...(activation !== undefined && { activation }),
          ...(shape !== undefined && { batch_shape: shape }),
          ...(rest['axis'] !== undefined && { axis: -1 }),
          dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' }, registered_name: null },
        },
        inbound_nodes: inbound,
      };
    });
    return {
      model_config: {
        class_name: 'Functional',
        config: {
          ...config,
          layers,
          input_layers: config.input_layers[0]!,
          output_layers: [config.output_layers[0]!],
        },
      },
      keras_version: '3.8.0',
      backend: 'tensorflow',
    };
  }

  it('read the same as their Keras 2 form', async () => {
    const functional = residual();
    randomise(functional, 11);
    const { json, weights } = await filesOf(functional);
    const old = await models.reopen(json, weights);
    const renamed = json.weightsManifest!.map((group) => ({
      ...group,
      weights: group.weights.map((w) => ({ ...w, name: `functional/${w.name}` })),
    }));
    const fresh = await models.reopen(
      { ...json, modelTopology: keras3(json.modelTopology as Json), weightsManifest: renamed },
      weights,
    );
    const plain = ({ graph }: OpenModel) => graph.layers.map((layer) => ({ ...layer, place: '' }));
    assert.deepEqual(plain(fresh), plain(old));
    assert.deepEqual(findUnitSite(fresh.graph), findUnitSite(old.graph));
    tf.tidy(() => {
      const input = images(4, [8, 8, 2]);
      assert.equal(distance(logitsOf(fresh, input), logitsOf(old, input)), 0);
      assert.ok(distance(tf.softmax(logitsOf(fresh, input)), functional.predict(input) as tf.Tensor) < 1e-6);
    });
    // The files name their tensors differently, which is their form; the model is the same.
    const model = ({ hashes: { topology, weights: values } }: OpenModel) => ({ topology, values });
    assert.deepEqual(model(fresh), model(old));
  });

  it('Sequential with an InputLayer of `batch_shape`', async () => {
    const built = [
      l.conv2d({ inputShape: [6, 6, 1], filters: 3, kernelSize: 3, name: 'conv' }),
      l.flatten({ name: 'flat' }),
      l.dense({ units: 3, name: 'classes' }),
    ];
    const model = await models.open(built, (json) => {
      const { layers } = (json.modelTopology as { config: { layers: { class_name: string; config: Json }[] } }).config;
      delete layers[0]!.config['batch_input_shape'];
      layers.unshift({
        class_name: 'InputLayer',
        config: { batch_shape: [null, 6, 6, 1], dtype: 'float32', sparse: false, name: 'input_layer' },
      });
    });
    assert.deepEqual(
      model.graph.layers.map(({ label }) => label),
      ['input_layer', 'conv', 'flat', 'classes'],
    );
    assert.deepEqual(model.inputShape, [6, 6, 1]);
  });
});
