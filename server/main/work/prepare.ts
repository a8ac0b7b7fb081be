import path from 'node:path';
import { configText } from '../../engine/config/default-config';
import type { IdxHeader } from '../../language/text/facts';
import type { ConfigTextParams, PrepareParams, PrepareResult } from '../../protocol/messages/lsp';
import { DataFiles } from '../known/data-files';
import type { Host } from '../host';
import type { Snapshots } from '../known/snapshots';
import { pathOf, relativePath, uriOf } from '../uris';
import { count } from '../../protocol/words';
import { configsNaming } from '../../engine/config/configs-naming';

/** Data sets offered at most; nearest first. */
const OFFERED_SETS = 20;

/** What a new config for a model needs: the config that exists already, the layer, and data sets that fit. */
export async function prepareConfig(
  host: Host,
  snapshots: Snapshots,
  { modelUri }: PrepareParams,
): Promise<PrepareResult> {
  const file = pathOf(modelUri);
  if (!file)
    return {
      model: null,
      dataSets: [],
      failure: {
        kind: 'input',
        code: 'model.notAFile',
        message: "Only models on this machine's disk can be defended.",
        todo: 'Save the model to a folder first.',
      },
    };
  const fact = await snapshots.models.fact(file);
  if (fact.state !== 'ok') {
    const message =
      fact.state === 'unreadable'
        ? fact.message
        : fact.state === 'folder'
          ? 'The model is a folder, not a file.'
          : 'The model file does not exist.';
    const todo = (fact.state === 'unreadable' ? fact.todo : undefined) ?? 'Choose a TF.js Layers model.json.';
    return { model: null, dataSets: [], failure: { kind: 'input', code: 'model.unreadable', message, file, todo } };
  }
  const { summary } = fact;
  if (summary.problem) return { model: null, dataSets: [], failure: summary.problem };
  // Looked for anew: a config that was made a moment ago must be found, not made a second time.
  host.workspace.forget();
  const found = await host.workspace.files(host.workspace.rootOf(file));
  const existing = await openConfigsNaming(snapshots, found.configs, file);
  const layer = summary.layers.find(({ name }) => name === summary.penultimate);
  return {
    ...(existing[0] !== undefined && { existingConfigUri: uriOf(existing[0]) }),
    ...(existing.length > 1 && { existingConfigUris: existing.map(uriOf) }),
    model: {
      inputShape: summary.inputShape,
      classes: summary.classes,
      layer: summary.penultimate ?? '',
      units: layer?.units ?? 0,
    },
    dataSets: await fittingSets(found.data, summary.inputShape, summary.classes, path.dirname(file)),
  };
}

/** Text of a new config; see `ConfigTextParams`. */
export function newConfigText({ model, train, test, trigger, strategy }: ConfigTextParams): string {
  return configText({ model, train, test, trigger, ...(strategy && { strategy }) });
}

/** Configs that name a model, in the order in which they are given: as the editor has them, else as they lie on the disk. */
export const openConfigsNaming = (snapshots: Snapshots, configs: readonly string[], model: string): Promise<string[]> =>
  configsNaming(configs, model, async (config) => (await snapshots.document(config, 'fineprune'))?.getText());

interface DataSetFiles {
  folder: string;
  train: { images: string; labels: string };
  test: { images: string; labels: string };
}

async function fittingSets(
  files: readonly string[],
  inputShape: readonly number[],
  classes: number,
  base: string,
): Promise<PrepareResult['dataSets']> {
  const dataFiles = new DataFiles();
  const sets: PrepareResult['dataSets'] = [];
  for (const set of dataSets(files)) {
    if (sets.length === OFFERED_SETS) break;
    const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(
      [set.train.images, set.train.labels, set.test.images, set.test.labels].map(async (file) => {
        const fact = await dataFiles.fact(file, true);
        return fact.state === 'ok' ? fact.header : null;
      }),
    );
    if (!trainImages || !trainLabels || !testImages || !testLabels) continue;
    if (!fits(trainImages, trainLabels, inputShape, classes) || !fits(testImages, testLabels, inputShape, classes))
      continue;
    const relative = ({ images, labels }: { images: string; labels: string }) => ({
      images: relativePath(base, images),
      labels: relativePath(base, labels),
    });
    const place = relativePath(base, set.folder) || 'beside the model';
    sets.push({
      label: `${place} · ${count(trainImages.dimensions[0]!)} training, ${count(testImages.dimensions[0]!)} test images`,
      train: relative(set.train),
      test: relative(set.test),
    });
  }
  return sets;
}

function fits(images: IdxHeader, labels: IdxHeader, inputShape: readonly number[], classes: number): boolean {
  const [number, height, width, channels = 1] = images.dimensions;
  if (images.dimensions.length < 3 || labels.dimensions.length !== 1 || number !== labels.dimensions[0]) return false;
  if (inputShape.length === 3 && [height, width, channels].some((size, axis) => size !== inputShape[axis]))
    return false;
  return classes === 0 || labels.largestLabel === undefined || labels.largestLabel < classes;
}

/** Pairs of splits in one folder, by MNIST's way of naming: `train-images-idx3-ubyte` with its labels, `t10k-…` or `test-…`. */
export function dataSets(files: readonly string[]): DataSetFiles[] {
  const all = new Set(files);
  const labelsOf = (images: string): string | undefined => {
    const name = path
      .basename(images)
      .replace(/images/i, 'labels')
      .replace(/idx[34]/i, 'idx1');
    return [name, `${name}.gz`, name.replace(/\.gz$/i, '')]
      .map((one) => path.join(path.dirname(images), one))
      .find((one) => one !== images && all.has(one));
  };
  return files
    .filter((file) => /train.*images|images.*train/i.test(path.basename(file)))
    .flatMap((images) => {
      const folder = path.dirname(images);
      const labels = labelsOf(images);
      const names = ['t10k', 'test', 'val']
        .map((split) => path.basename(images).replace(/train/i, split))
        .flatMap((name) => [name, `${name}.gz`, name.replace(/\.gz$/i, '')]);
      const testImages = names.map((name) => path.join(folder, name)).find((file) => all.has(file));
      const testLabels = testImages && labelsOf(testImages);
      return labels && testImages && testLabels
        ? [{ folder, train: { images, labels }, test: { images: testImages, labels: testLabels } }]
        : [];
    });
}
