import { existsSync } from 'node:fs';
import path from 'node:path';
import { openIdx } from '../server/engine/data/formats/idx/open-idx';
import { drawn } from '../server/engine/data/random';
import { allIndices } from '../server/engine/data/roles';
import { writeFileAtomically } from '../server/engine/files/write';
import type { SplitFiles } from '../server/protocol/config';
import { badInput } from '../server/protocol/errors';
import type { Cell } from './cells';
import { TRAINING_IMAGES, type DataSetName } from './settings';

export interface DataFiles {
  train: SplitFiles;
  test: SplitFiles;
}

/** Where each data set's four files lie, in MNIST's own format, as gzip. */
const FOLDERS: Record<DataSetName, string> = {
  mnist: path.join(__dirname, '..', 'examples', 'mnist-badnets', 'data'),
  // Of Debian's package of that name.
  'fashion-mnist': '/usr/share/datasets/fashion-mnist',
};
const TODO: Record<DataSetName, string> = {
  mnist: 'Run `npm run mnist -- --into examples/mnist-badnets/data`.',
  'fashion-mnist': 'On Debian: apt-get install dataset-fashion-mnist. Elsewhere name its folder with --fashion-mnist.',
};

/**
 * The files of a data set.
 * @param folder where they lie instead of the usual place
 * @throws FinePruneError `study.noData` with what to do
 */
export function dataFiles(name: DataSetName, folder = FOLDERS[name]): DataFiles {
  const file = (stem: string): string => path.join(folder, `${stem}.gz`);
  const split = (role: string): SplitFiles => ({
    images: file(`${role}-images-idx3-ubyte`),
    labels: file(`${role}-labels-idx1-ubyte`),
  });
  const files = { train: split('train'), test: split('t10k') };
  const missing = [...Object.values(files.train), ...Object.values(files.test)].find((one) => !existsSync(one));
  if (missing) throw badInput('study.noData', `The data set ${name} is not on this machine.`, { todo: TODO[name] });
  return files;
}

/**
 * The clean training data that a cell's defender has: all of it, or a share drawn with the cell's seed, as files of their own.
 * @param folder gets the files
 */
export async function cleanData(
  { data, share, seed }: Pick<Cell, 'data' | 'share' | 'seed'>,
  { train }: DataFiles,
  folder: string,
): Promise<SplitFiles> {
  if (share === 100) return train;
  const files = {
    images: path.join(folder, `${data}-${share}-s${seed}-images`),
    labels: path.join(folder, `${data}-${share}-s${seed}-labels`),
  };
  if (existsSync(files.images) && existsSync(files.labels)) return files;
  const split = await openIdx(train.images, train.labels, 1 / 255, 'training');
  const count = Math.round((share / 100) * Math.min(split.count, TRAINING_IMAGES));
  const indices = drawn(allIndices(split.count), count, seed, 'study clean data');
  const pixels = Uint8Array.from(split.pixels(indices), (value) => Math.round(255 * value));
  // Images last: they say that both are there.
  await writeFileAtomically(
    files.labels,
    idx(
      [count],
      Uint8Array.from(indices, (i) => split.labels[i]!),
    ),
  );
  await writeFileAtomically(files.images, idx([count, split.shape[0], split.shape[1]], pixels));
  return files;
}

/** Bytes in MNIST's own format. */
function idx(dims: readonly number[], bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.writeUInt16BE(0x0800 + dims.length, 2);
  dims.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([header, bytes]);
}
