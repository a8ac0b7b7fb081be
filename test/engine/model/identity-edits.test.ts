import assert from 'node:assert/strict';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { randomStream, type RandomStream } from '../../../server/engine/data/random';
import { formatNamed, openModel } from '../../../server/engine/model/formats/registry';
import { FinePruneError } from '../../../server/protocol/errors';
import { sameModel, type ModelHashes } from '../../../server/protocol/model';
import { logitsOf } from './inside';
import { filesOf, images, randomise, temporaryFolder, useBackend, write, type ModelJson } from './support';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A network of many kinds of layers, two branches of one shape, and in its file a second set of weights that no layer reads. */
async function network(): Promise<{ json: ModelJson; weights: Uint8Array }> {
  const input = L.input({ shape: [8, 8, 2], name: 'image' });
  const same = (layer: string) => ({ name: layer, filters: 3, kernelSize: 3, padding: 'same' as const });
  const left = L.layers.batchNormalization({ name: 'norm' }).apply(L.layers.conv2d(same('left')).apply(input));
  const right = L.layers.leakyReLU({ name: 'leaky', alpha: 0.1 }).apply(L.layers.conv2d(same('right')).apply(input));
  const joined = L.layers.add({ name: 'sum' }).apply([left, right] as L.SymbolicTensor[]);
  const pooled = L.layers.maxPooling2d({ name: 'pool', poolSize: 2 }).apply(joined);
  const flat = L.layers.flatten({ name: 'flat' }).apply(pooled);
  const hidden = L.layers.dense({ name: 'hidden', units: 6, activation: 'relu' }).apply(flat);
  const dropped = L.layers.dropout({ name: 'drop', rate: 0.25 }).apply(hidden);
  const output = L.layers.dense({ name: 'classes', units: 4, activation: 'softmax' }).apply(dropped);
  const model = L.model({ inputs: input, outputs: output as L.SymbolicTensor });
  randomise(model, 3);
  const one = await filesOf(model);
  randomise(model, 4);
  const two = await filesOf(model);
  model.dispose();
  const [group] = one.json.weightsManifest!;
  group!.weights.push(...group!.weights.map((tensor) => ({ ...tensor, name: `spare/of_${tensor.name}_2` })));
  group!.paths = ['a.bin', 'b.bin'];
  return { json: one.json, weights: Buffer.concat([one.weights, two.weights]) };
}

/** Every place in a value, its root left out. */
function placesIn(value: Json, at: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  return keys.flatMap((key) => [[...at, key], ...placesIn((value as { [key: string]: Json })[key]!, [...at, key])]);
}

const valueAt = (root: Json, place: readonly (string | number)[]): Json =>
  place.reduce<Json>((value, key) => (value as { [key: string]: Json })[key]!, root);

function setAt(root: Json, place: readonly (string | number)[], value: Json): void {
  (valueAt(root, place.slice(0, -1)) as { [key: string]: Json })[place.at(-1)!] = value;
}

/** Changes one thing at a random place, or exchanges two; says what. */
function edit(root: Json, random: RandomStream): string {
  const places = placesIn(root);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.unit() * list.length)]!;
  const place = pick(places);
  const value = valueAt(root, place);
  const like = places.filter((other) => typeof valueAt(root, other) === typeof value && other.length === place.length);
  const what = random.unit();
  const name = place.join('/');
  if (what < 0.45 && like.length > 1) {
    // Of one kind and depth, so mostly of one meaning: names of tensors, sizes of layers, layers themselves.
    const other = pick(like);
    const moved = structuredClone(valueAt(root, other));
    if (other.join('/').startsWith(name) || name.startsWith(other.join('/'))) return 'nothing';
    setAt(root, other, structuredClone(value));
    setAt(root, place, moved);
    return `${name} and ${other.join('/')} exchanged`;
  }
  if (what < 0.55) {
    const inside = valueAt(root, place.slice(0, -1)) as { [key: string]: Json };
    if (Array.isArray(inside)) inside.splice(Number(place.at(-1)), 1);
    else delete inside[place.at(-1)!];
    return `${name} taken out`;
  }
  if (Array.isArray(value) && value.length > 1) {
    value.reverse();
    return `${name} reversed`;
  }
  if (typeof value === 'number')
    setAt(root, place, pick([value + 1, value - 1, value * 2, value / 2, -value, value + 1e-12, value * 1.001, 0, 1]));
  else if (typeof value === 'boolean') setAt(root, place, !value);
  else if (typeof value === 'string')
    setAt(root, place, pick([`${value}_1`, 'relu', 'tanh', 'linear', 'valid', 'same', 'float16']));
  else setAt(root, place, pick<Json>([null, 2, true, 'relu', [2, 2], {}]));
  return `${name} changed from ${JSON.stringify(value).slice(0, 60)} to ${JSON.stringify(valueAt(root, place)).slice(0, 60)}`;
}

describe('edits of a model.json', function () {
  this.timeout(300_000);
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let made: Awaited<ReturnType<typeof network>>;
  before(async () => {
    await useBackend();
    temporary = await temporaryFolder();
    made = await network();
  });
  after(() => temporary.remove());

  /** Hashes and logits of a model, or null where it is refused; hashed and opened have to agree. */
  async function opened(json: ModelJson, folder: string): Promise<{ hashes: ModelHashes; logits: tf.Tensor } | null> {
    const cut = 1000;
    await write(path.join(temporary.folder, folder), json, made.weights.subarray(0, cut), 'a.bin');
    const file = await write(path.join(temporary.folder, folder), json, made.weights.subarray(cut), 'b.bin');
    const read = await formatNamed('tfjs-layers').hashes.ofFiles(file).catch(refusal);
    const model = await openModel(file).catch(refusal);
    if (model instanceof FinePruneError) {
      // Values are looked at only when a model is opened.
      assert.ok(
        read instanceof FinePruneError ? read.code === model.code : model.code === 'model.notFinite',
        model.code,
      );
      return null;
    }
    try {
      assert.deepEqual(read, model.hashes);
      return { hashes: model.hashes, logits: tf.tidy(() => logitsOf(model, images(3, model.inputShape))) };
    } finally {
      model.dispose();
    }
  }
  const refusal = (error: unknown): FinePruneError => {
    if (!(error instanceof FinePruneError)) throw error;
    return error;
  };
  const equal = (a: tf.Tensor, b: tf.Tensor): boolean =>
    String(a.shape) === String(b.shape) && a.dataSync().every((value, i) => value === b.dataSync()[i]);

  it('give the same answers, or other hashes, or a refusal', async () => {
    const base = (await opened(made.json, 'edited'))!;
    const count = { refused: 0, same: 0, other: 0 };
    const random = randomStream(11, 'edits of a model.json');
    for (let i = 0; i < 240; i++) {
      const json = structuredClone(made.json);
      const what = edit(json as Json, random);
      const found = await opened(json, 'edited');
      if (!found) count.refused++;
      else if (sameModel(found.hashes, base.hashes)) {
        count.same++;
        assert.ok(equal(found.logits, base.logits), `other answers under the same hashes: ${what}`);
      } else count.other++;
      found?.logits.dispose();
    }
    base.logits.dispose();
    for (const [outcome, times] of Object.entries(count)) assert.ok(times >= 5, `${times} are ${outcome}`);
  });

  const tensors = (json: ModelJson) => json.weightsManifest![0]!.weights;
  const layer = (
    json: ModelJson,
    name: string,
  ): { class_name: string; name?: string; config: Record<string, unknown>; inbound_nodes: unknown[] } => {
    const topology = json.modelTopology as {
      config?: { layers: never[] };
      model_config?: { config: { layers: never[] } };
    };
    const { layers } = topology.model_config?.config ?? topology.config!;
    return (layers as { config: { name: string } }[]).find(({ config }) => config.name === name) as never;
  };
  const ATTACKS: Record<string, (json: ModelJson) => void> = {
    'all names of two sets of weights exchanged': (json) => {
      const all = tensors(json);
      const half = all.length / 2;
      for (let i = 0; i < half; i++) [all[i]!.name, all[i + half]!.name] = [all[i + half]!.name, all[i]!.name];
    },
    'names of two kernels exchanged': (json) => {
      const [left, right] = ['left/kernel', 'right/kernel'].map((name) =>
        tensors(json).find((one) => one.name === name)!,
      );
      [left!.name, right!.name] = [right!.name, left!.name];
    },
    'the manifest in another order': (json) => void tensors(json).reverse(),
    'shards in another order': (json) => void json.weightsManifest![0]!.paths.reverse(),
    'inputs of two branches exchanged': (json) => {
      const [norm, leaky] = [layer(json, 'norm'), layer(json, 'leaky')];
      [norm.inbound_nodes, leaky.inbound_nodes] = [leaky.inbound_nodes, norm.inbound_nodes];
    },
    'an activation function': (json) => void (layer(json, 'hidden').config['activation'] = 'tanh'),
    'another slope': (json) => void (layer(json, 'leaky').config['alpha'] = 0.3),
    'another epsilon': (json) => void (layer(json, 'norm').config['epsilon'] = 0.1),
    'another momentum': (json) => void (layer(json, 'norm').config['momentum'] = 0.5),
    'another rate of dropout': (json) => void (layer(json, 'drop').config['rate'] = 0.5),
    'logits where there was a softmax': (json) => void (layer(json, 'classes').config['activation'] = 'linear'),
    'pixels that are scaled first': (json) => {
      const pool = layer(json, 'pool');
      Object.assign(pool, { class_name: 'Rescaling', config: { name: 'pool', scale: 0.5, offset: 0 } });
      layer(json, 'flat').class_name = 'GlobalAveragePooling2D';
      tensors(json).find(({ name }) => name === 'hidden/kernel')!.shape = [3, 6];
      tensors(json).push({ name: 'rest', shape: [(48 - 3) * 6], dtype: 'float32' });
    },
  };
  for (const [what, change] of Object.entries(ATTACKS))
    it(`with ${what} are of another model`, async () => {
      const [base, json] = [(await opened(made.json, 'attacked'))!, structuredClone(made.json)];
      change(json);
      assert.notDeepEqual(json, made.json);
      const found = await opened(json, 'attacked');
      assert.ok(found, 'it is opened');
      assert.ok(!sameModel(found.hashes, base.hashes));
      tf.dispose([found.logits, base.logits]);
    });

  const HARMLESS: Record<string, (json: ModelJson) => void> = {
    'a batch size': (json) => void ((layer(json, 'image').config['batch_input_shape'] as unknown[])[0] = 32),
    'defaults spelt out or left out': (json) => {
      delete layer(json, 'left').config['strides'];
      delete layer(json, 'norm').config['axis'];
      layer(json, 'pool').config['strides'] = 2;
      layer(json, 'hidden').config['use_bias'] = true;
    },
    'other initialisers and regularisers': (json) => {
      layer(json, 'hidden').config['kernel_initializer'] = 'zeros';
      layer(json, 'hidden').config['kernel_regularizer'] = null;
    },
    'scopes before the names of tensors': (json) =>
      void tensors(json).forEach((tensor) => (tensor.name = `scope/${tensor.name}`)),
    'other unread tensors': (json) => void (tensors(json).at(-1)!.name = 'nothing'),
    'another author': (json) => void (json['generatedBy'] = 'another'),
  };
  for (const [what, change] of Object.entries(HARMLESS))
    it(`with ${what} are of the same model`, async () => {
      const [base, json] = [(await opened(made.json, 'harmless'))!, structuredClone(made.json)];
      change(json);
      assert.notDeepEqual(json, made.json);
      const found = (await opened(json, 'harmless'))!;
      assert.ok(sameModel(found.hashes, base.hashes));
      assert.ok(equal(found.logits, base.logits));
      tf.dispose([found.logits, base.logits]);
    });
});
