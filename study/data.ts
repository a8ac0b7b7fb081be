import { existsSync } from 'node:fs';
import path from 'node:path';
import { encodeIdx } from '../server/engine/data/formats/idx/encode';
import { IDX } from '../server/engine/data/formats/idx/idx';
import { openSource } from '../server/engine/data/open-data';
import { drawn } from '../server/engine/data/random';
import { allIndices } from '../server/engine/data/roles';
import { writeFileAtomically } from '../server/engine/files/write';
import {
  SPLIT_NAMES,
  fieldsOf,
  sourceFiles,
  sourceOfPaths,
  type SourceOf,
  type SplitName,
} from '../server/protocol/data-source';
import { badInput } from '../server/protocol/errors';
import type { Cell } from './cells';
import { TRAINING_IMAGES, type DataSetName } from './settings';

export interface DataFiles {
  train: IdxSource;
  test: IdxSource;
}

/** What MNIST and its kin are in. */
const FORMAT = IDX.name;
type IdxSource = SourceOf<typeof FORMAT>;

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
  const split = (name: SplitName): IdxSource => {
    const paths = fieldsOf(FORMAT).map(({ examples }) => path.join(folder, `${examples[name]}.gz`));
    return sourceOfPaths(FORMAT, paths) as IdxSource;
  };
  const files = { train: split('train'), test: split('test') };
  const missing = SPLIT_NAMES.flatMap((name) => sourceFiles(files[name])).find((one) => !existsSync(one.path));
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
): Promise<IdxSource> {
  if (share === 100) return train;
  const files = {
    images: path.join(folder, `${data}-${share}-s${seed}-images`),
    labels: path.join(folder, `${data}-${share}-s${seed}-labels`),
  };
  const source: IdxSource = { format: FORMAT, ...files };
  if (existsSync(files.images) && existsSync(files.labels)) return source;
  const split = await openSource(train, { scale: 1 / 255, name: 'training' });
  const count = Math.round((share / 100) * Math.min(split.count, TRAINING_IMAGES));
  const indices = drawn(allIndices(split.count), count, seed, 'study clean data');
  const pixels = Uint8Array.from(split.pixels(indices), (value) => Math.round(255 * value));
  // Images last: they say that both are there.
  await writeFileAtomically(
    files.labels,
    encodeIdx(
      [count],
      Uint8Array.from(indices, (i) => split.labels[i]!),
    ),
  );
  await writeFileAtomically(files.images, encodeIdx([count, split.shape[0], split.shape[1]], pixels));
  return source;
}
