import type { ResolvedConfig } from '../../protocol/config/config';
import { sourceFiles, splitOf, withPaths, type DataSource, type SplitName } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import { plural } from '../../protocol/words';
import { at, type Resolve } from '../config/at-place';
import { checkSameShape } from './checks';
import type { DataSet, Split } from './dataset';
import type { OpenOptions } from './formats/format';
import { formatOf } from './formats/registry';

/** A split with the files that it was read from. */
export interface SourceSplit extends Split {
  /** SHA-256 of each file's bytes, by its path as the source has it. */
  readonly files: { path: string; sha256: string }[];
}

/** Where paths of a source lead, and where in a config they are. */
interface Whereabouts {
  readonly resolve: Resolve;
  /** Of the source in the config, such as `/data/train`; left out where none names it. */
  readonly place?: string;
}

/**
 * Opens a source of any format.
 *
 * @param source paths as `resolve` takes them; without it, absolute
 * @throws FinePruneError `data.…` for a file at fault, `path.outside`; with the place in the config, where there is one
 */
export async function openSource(
  source: DataSource,
  { scale, name }: OpenOptions,
  { resolve, place }: Whereabouts = { resolve: async (file) => file },
): Promise<SourceSplit> {
  const named = sourceFiles(source, place);
  const absolute = new Map<string, string>();
  for (const { path, place: where, what } of named) {
    const found = (): Promise<string> => resolve(path, `${name} ${what}`);
    absolute.set(path, await (place === undefined ? found() : at(where, found)));
  }
  const opened = withPaths(source, (path) => absolute.get(path)!);
  const { hashes, ...split } = await formatOf(source).open(opened, { scale, name });
  return { ...split, files: named.map(({ path }, i) => ({ path, sha256: hashes[i]! })) };
}

/**
 * Opens the training and the test split that a config names.
 *
 * @throws FinePruneError `data.…` for a file at fault (missing ones with the place in the config), `path.outside`,
 *   `data.shapeMismatch` when training and test images differ in shape, `data.normalisation`
 */
export async function openData({ data }: ResolvedConfig, resolve: Resolve): Promise<DataSet> {
  const openSplit = (split: SplitName, name: string): Promise<SourceSplit> =>
    openSource(splitOf(data, split), { scale: data.scale, name }, { resolve, place: `/data/${split}` });
  const train = await openSplit('train', 'training');
  const test = await openSplit('test', 'test');
  checkSameShape(train, test, data.format);
  for (const key of ['mean', 'std'] as const) {
    const { length } = data[key];
    if (length === 1 || length === train.shape[2]) continue;
    throw badInput(
      'data.normalisation',
      `data.${key} has ${length} values, but the images have ${plural(train.shape[2], 'channel')}.`,
      {
        place: `/data/${key}`,
        todo: `Give one number, or ${train.shape[2]}.`,
      },
    );
  }
  return {
    format: data.format,
    train,
    test,
    classes: 1 + Math.max(largest(train.labels), largest(test.labels)),
    shape: train.shape,
    files: [...train.files, ...test.files],
  };
}

function largest(labels: Int32Array): number {
  let most = -1;
  for (const label of labels) if (label > most) most = label;
  return most;
}
