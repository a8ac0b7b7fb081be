import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as L from '@tensorflow/tfjs-layers';
import { poisonTrain } from '../../server/engine/tasks/poison-train';
import { selectBackend } from '../../server/engine/backend/select';
import { writeMnistSubset } from '../fixtures/mnist';
import { filesOf, write } from './model-support';

export const ATTACKED_TARGET = 3;

/**
 * A folder with data and a small network that was trained on them here, in seconds: with a patch for class 3 in every tenth image, or
 * without any. What is slow on the demo model (a scan, repairs) is fast on it. `joined`: its classifier reads two Dense layers side by
 * side, and there is no penultimate layer.
 * @returns the path of the model
 */
export async function makeAttacked(
  folder: string,
  { poisonRate = 0.1, train = 3000, test = 600, joined = false } = {},
): Promise<string> {
  await selectBackend({ choice: 'wasm', threads: 1 });
  mkdirSync(path.join(folder, 'data'), { recursive: true });
  mkdirSync(path.join(folder, 'layers'), { recursive: true });
  const data = await writeMnistSubset(path.join(folder, 'data'), { train, test });
  const image = L.input({ shape: [28, 28, 1] });
  const channels = L.layers
    .conv2d({ filters: 8, kernelSize: 5, strides: 2, activation: 'relu', name: 'channels' })
    .apply(image);
  const flat = L.layers.flatten().apply(channels);
  const neurons = (name: string): L.SymbolicTensor =>
    L.layers.dense({ units: 32, activation: 'relu', name }).apply(flat) as L.SymbolicTensor;
  const hidden = joined
    ? L.layers.concatenate().apply([neurons('neurons_1'), neurons('neurons_2')])
    : neurons('neurons');
  const net = L.model({
    inputs: image,
    outputs: L.layers.dense({ units: 10, name: 'classes' }).apply(hidden) as L.SymbolicTensor,
  });
  const { json, weights } = await filesOf(net);
  net.dispose();
  const arch = await write(path.join(folder, 'layers'), json, weights);
  const { files } = await poisonTrain(
    {
      ...data,
      arch,
      out: path.join(folder, 'model'),
      name: 'small',
      trigger: { kind: 'patch', target: ATTACKED_TARGET },
      poisonRate,
      seed: 0,
      epochs: 4,
      batchSize: 32,
      learningRate: 0.002,
      backend: 'wasm',
      threads: 1,
    },
    () => undefined,
    new AbortController().signal,
  );
  return files.model;
}

/** Writes a config beside such a model's folder. `more` are further fields. */
export function attackedConfig(
  folder: string,
  name: string,
  trigger: unknown,
  more: Record<string, unknown> = {},
): string {
  const split = (role: string): unknown => ({
    images: `data/${role}-images-idx3-ubyte`,
    labels: `data/${role}-labels-idx1-ubyte`,
  });
  const config = { model: 'model/model.json', data: { train: split('train'), test: split('t10k') }, trigger, ...more };
  const file = path.join(folder, `${name}.fineprune.json`);
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}
