import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeAttackedModel } from '../engine/attacked-model';
import { writeMnistSubset } from '../fixtures/mnist';
import { makeTempDir } from '../harness/processes';

const EXAMPLE = path.resolve(__dirname, '../../examples/mnist-badnets');

/** Text of a config for the demo folder; `more` goes last. */
export function demoConfig(more = ''): string {
  return `{
  "model": "model.json",
  "data": {
    "train": { "images": "data/train-images-idx3-ubyte", "labels": "data/train-labels-idx1-ubyte" },
    "test": { "images": "data/t10k-images-idx3-ubyte", "labels": "data/t10k-labels-idx1-ubyte" }
  },
  "trigger": { "kind": "patch", "target": 0 }${more && `,\n  ${more}`}
}
`;
}

/** The demo model with the first images of MNIST, in a folder whose name has a space and more. @returns path of the config */
export async function makeDemo(
  parent: string,
  counts = { train: 400, test: 300 },
  config = demoConfig('"backend": "wasm"'),
): Promise<string> {
  const folder = path.join(parent, 'my models #1 (ünïcode)');
  mkdirSync(path.join(folder, 'data'), { recursive: true });
  for (const name of ['model.json', 'weights.bin']) copyFileSync(path.join(EXAMPLE, name), path.join(folder, name));
  await writeMnistSubset(path.join(folder, 'data'), counts);
  const file = path.join(folder, 'demo.fineprune.json');
  writeFileSync(file, config);
  return file;
}

/** The same folder with a small network in place of the demo model, attacked alike: a search for triggers takes a tenth of the time. @returns path of the config */
export async function makeSmallDemo(
  parent: string,
  counts = { train: 400, test: 300 },
  config = demoConfig('"backend": "wasm"'),
): Promise<string> {
  const file = await makeDemo(parent, counts, config);
  await writeSmallModel(path.dirname(file));
  return file;
}

/** Writes that network's model.json and weights into a folder. @param poisonRate 0 for one without a backdoor */
export async function writeSmallModel(folder: string, poisonRate = 0.1): Promise<void> {
  const temp = makeTempDir('fp-small-');
  const counts = { train: 3000, test: 600 };
  const made = path.join(temp.dir, 'model');
  await makeAttackedModel(made, await writeMnistSubset(temp.dir, counts), {
    target: 0,
    poisonRate,
    names: ['conv2d_1', 'dense_1', 'dense_2'],
    ...counts,
  });
  for (const name of ['model.json', 'weights.bin']) copyFileSync(path.join(made, name), path.join(folder, name));
  await temp.remove();
}
