import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { selectBackend } from '../../../server/engine/backend/select';
import { openModel } from '../../../server/engine/model/formats/registry';
import { encodeWeights } from '../../../server/engine/model/formats/tfjs-layers/save';
import type { OpenModel } from '../../../server/engine/model/model';

/** Chooses the backend of this process: WASM, or native where FINE_PRUNE_TEST_BACKEND says so. The same tests hold on both. */
export async function useBackend(): Promise<void> {
  await selectBackend({ choice: process.env.FINE_PRUNE_TEST_BACKEND === 'native' ? 'native' : 'wasm', threads: 1 });
}

/** A folder for one test file, removed by `remove`. */
export async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fine-prune-model-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What a model.json holds, as far as tests change it. */
export interface ModelJson {
  format?: string;
  modelTopology?: unknown;
  weightsManifest?: {
    paths: string[];
    weights: { name: string; shape: number[]; dtype: string; quantization?: unknown }[];
  }[];
  [field: string]: unknown;
}

/** The files that TF.js itself would save for a model. */
export async function filesOf(model: L.LayersModel): Promise<{ json: ModelJson; weights: Uint8Array }> {
  let files: { json: ModelJson; weights: Uint8Array } | undefined;
  await model.save({
    save: async (artifacts) => {
      const { modelTopology, format, weightSpecs, weightData } = artifacts;
      files = {
        json: {
          format,
          generatedBy: 'test',
          convertedBy: null,
          modelTopology,
          weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs as never }],
        },
        weights: new Uint8Array(weightData as ArrayBuffer),
      };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  return files!;
}

/** The JSON and the joined weight bytes of a model as it is now. */
export function encodeModel(model: OpenModel): { json: Uint8Array; weights: Uint8Array } {
  return { json: model.source.main, weights: Uint8Array.from(Buffer.concat(encodeWeights(model))) };
}

/** Writes a model into a folder and returns the path of its model.json. */
export async function write(
  folder: string,
  json: unknown,
  weights?: Uint8Array,
  shard = 'weights.bin',
): Promise<string> {
  await mkdir(path.dirname(path.join(folder, shard)), { recursive: true });
  const file = path.join(folder, 'model.json');
  await writeFile(file, typeof json === 'string' ? json : JSON.stringify(json));
  if (weights) await writeFile(path.join(folder, shard), weights);
  return file;
}

/** Gives every weight a seeded value, of a size that keeps activations near 1; variances and gammas stay above zero. */
export function randomise(model: L.LayersModel, seed: number): void {
  model.layers.forEach((layer, l) => {
    const values = layer.weights.map((w, i) => {
      const shape = w.shape as number[];
      const fan = shape.slice(0, -1).reduce((a, b) => a * b, 1);
      const own = seed * 1000 + l * 10 + i + 1;
      if (/variance|gamma/.test(w.originalName)) return tf.randomUniform(shape, 0.5, 1.5, 'float32', own);
      return tf.randomNormal(shape, 0, shape.length > 1 ? Math.sqrt(1.5 / fan) : 0.3, 'float32', own);
    });
    layer.setWeights(values);
    tf.dispose(values);
  });
}

/** Seeded images in [0, 1]. */
export function images(count: number, shape: readonly number[], seed = 7): tf.Tensor4D {
  return tf.randomUniform([count, ...shape] as [number, number, number, number], 0, 1, 'float32', seed);
}

/** Largest absolute difference of two tensors of one shape. */
export function distance(a: tf.Tensor, b: tf.Tensor): number {
  if (String(a.shape) !== String(b.shape)) throw new Error(`shapes differ: [${a.shape}] and [${b.shape}]`);
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);
}

/** Opens models from files, for the tests of a suite: each is disposed after its test, the files are gone after all. */
export class ModelFiles {
  private readonly opened: OpenModel[] = [];
  private folder = '';
  private count = 0;

  constructor() {
    let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
    before(async () => {
      await useBackend();
      temporary = await temporaryFolder();
      this.folder = temporary.folder;
    });
    afterEach(() => this.opened.splice(0).forEach((model) => model.dispose()));
    after(() => temporary.remove());
  }

  /** Saves a model of layers in a row as TF.js does, changes the JSON, and opens it. */
  async open(
    layers: InstanceType<typeof L.layers.Layer>[] | L.LayersModel,
    change: (json: ModelJson) => void = () => undefined,
  ): Promise<OpenModel> {
    const model = Array.isArray(layers) ? L.sequential({ layers }) : layers;
    randomise(model, 5);
    const { json, weights } = await filesOf(model);
    model.dispose();
    change(json);
    return this.reopen(json, weights);
  }

  async reopen(json: ModelJson, weights: Uint8Array): Promise<OpenModel> {
    const model = await openModel(await write(path.join(this.folder, String(this.count++)), json, weights));
    this.opened.push(model);
    return model;
  }
}
