import path from 'node:path';
import { fieldsOf, namesSplit, sourceOfPaths, SPLIT_WORDS, type SourceOf } from '../../../../protocol/data-source';
import type { DataPair } from '../format';

type IdxSource = SourceOf<'idx'>;

/** Pairs of splits in one folder, by MNIST's way of naming: `train-images-idx3-ubyte` with its labels, `t10k-…` or `test-…`. */
export function pairByName(files: readonly string[]): DataPair<IdxSource>[] {
  const all = new Set(files);
  const [imagesField] = fieldsOf('idx');
  return files
    .filter((file) => namesSplit(path.basename(file), 'train') && imagesField!.names.test(path.basename(file)))
    .flatMap((images) => {
      const [folder, name] = [path.dirname(images), path.basename(images)];
      const testImages = SPLIT_WORDS.test
        .map((word) => name.replace(/train/i, word))
        .map((test) => present(folder, test, all))
        .find((file) => file !== undefined);
      const train = withLabels(images, all);
      const test = testImages && withLabels(testImages, all);
      return train && test ? [{ folder, train, test }] : [];
    });
}

function withLabels(images: string, all: ReadonlySet<string>): IdxSource | undefined {
  const name = path
    .basename(images)
    .replace(/images/i, 'labels')
    .replace(/idx[34]/i, 'idx1');
  const labels = present(path.dirname(images), name, all, images);
  return labels === undefined ? undefined : (sourceOfPaths('idx', [images, labels]) as IdxSource);
}

/** A file of this name, compressed or not. */
function present(folder: string, name: string, all: ReadonlySet<string>, other?: string): string | undefined {
  return [name, `${name}.gz`, name.replace(/\.gz$/i, '')]
    .map((one) => path.join(folder, one))
    .find((file) => file !== other && all.has(file));
}
