import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as L from '@tensorflow/tfjs-layers';
import { poisonTrain } from '../../server/engine/tasks/poison-train';
import { selectBackend } from '../../server/engine/backend/select';
import { writeMnistSubset } from '../fixtures/mnist';
import { trained } from '../fixtures/trained';
import { makeTempDir } from '../harness/processes';
import { filesOf, write } from './model/support';

export const ATTACKED_TARGET = 3;

/**
 * A folder with data and a small network that was trained on them here, in seconds: with a patch for class 3 in every tenth image, or
 * without any. What is slow on the demo model (a scan, repairs) is fast on it. `joined`: its classifier reads two Dense layers side by
 * side, and there is no penultimate layer. `names` are those of its layers, as far as they have units.
 * @returns the path of the model
 */
export async function makeAttacked(
  folder: string,
  { train = 3000, test = 600, ...more }: AttackedOptions & { train?: number; test?: number } = {},
): Promise<string> {
  mkdirSync(path.join(folder, 'data'), { recursive: true });
  const data = await writeMnistSubset(path.join(folder, 'data'), { train, test });
  await makeAttackedModel(path.join(folder, 'model'), data, { ...more, train, test });
  return path.join(folder, 'model', 'model.json');
}

export interface AttackedOptions {
  poisonRate?: number;
  joined?: boolean;
  target?: number;
  names?: readonly [channels: string, neurons: string, classes: string];
}

/** Trains the network alone into a new folder, on the first images of MNIST, of which there are `train` and `test`. */
export async function makeAttackedModel(
  folder: string,
  data: MnistFiles,
  {
    poisonRate = 0.1,
    joined = false,
    target = ATTACKED_TARGET,
    names = ['channels', 'neurons', 'classes'],
    ...counts
  }: AttackedOptions & { train: number; test: number },
): Promise<void> {
  await trained(
    folder,
    { poisonRate, joined, target, names, counts },
    [__filename, require.resolve('../fixtures/mnist'), require.resolve('./model/support')],
    (made) => train({ poisonRate, joined, target, names }, data, made),
  );
}

type MnistFiles = Awaited<ReturnType<typeof writeMnistSubset>>;

async function train(
  { poisonRate, joined, target, names }: Required<AttackedOptions>,
  data: MnistFiles,
  made: string,
): Promise<void> {
  await selectBackend({ choice: 'wasm', threads: 1 });
  const temp = makeTempDir('fp-attacked-');
  const image = L.input({ shape: [28, 28, 1] });
  const channels = L.layers
    .conv2d({ filters: 8, kernelSize: 5, strides: 2, activation: 'relu', name: names[0] })
    .apply(image);
  const flat = L.layers.flatten().apply(channels);
  const neurons = (name: string): L.SymbolicTensor =>
    L.layers.dense({ units: 32, activation: 'relu', name }).apply(flat) as L.SymbolicTensor;
  const hidden = joined
    ? L.layers.concatenate().apply([neurons(`${names[1]}_1`), neurons(`${names[1]}_2`)])
    : neurons(names[1]);
  const net = L.model({
    inputs: image,
    outputs: L.layers.dense({ units: 10, name: names[2] }).apply(hidden) as L.SymbolicTensor,
  });
  const { json, weights } = await filesOf(net);
  net.dispose();
  const arch = await write(path.join(temp.dir, 'layers'), json, weights);
  await poisonTrain(
    {
      ...data,
      arch,
      out: made,
      name: 'small',
      trigger: { kind: 'patch', target },
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
  await temp.remove();
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
