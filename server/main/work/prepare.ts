import path from 'node:path';
import { configText } from '../../engine/config/default-config';
import { headerOf, pairedSets } from '../../engine/data/formats/registry';
import { withPaths, type DataHeader, type DataSource } from '../../protocol/data-source';
import type { ConfigTextParams, PrepareParams, PrepareResult } from '../../protocol/messages/lsp';
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
  // Looked for again: a config that was made a moment ago must be found, not made a second time.
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

async function fittingSets(
  files: readonly string[],
  inputShape: readonly number[],
  classes: number,
  base: string,
): Promise<PrepareResult['dataSets']> {
  const sets: PrepareResult['dataSets'] = [];
  for (const { folder, train, test } of pairedSets(files)) {
    if (sets.length === OFFERED_SETS) break;
    const [trainImages, testImages] = await Promise.all(
      [train, test].map((source) => fittingImages(source, inputShape, classes)),
    );
    if (trainImages === null || testImages === null) continue;
    const relative = (source: DataSource): DataSource => withPaths(source, (file) => relativePath(base, file));
    const place = relativePath(base, folder) || 'beside the model';
    sets.push({
      label: `${place} · ${count(trainImages!)} training, ${count(testImages!)} test images`,
      train: relative(train),
      test: relative(test),
    });
  }
  return sets;
}

/** Number of a source's images; null where it can't be read, or does not fit the model. */
async function fittingImages(
  source: DataSource,
  inputShape: readonly number[],
  classes: number,
): Promise<number | null> {
  const header = await headerOf(source, 'data').catch(() => null);
  return header?.images && fits(header, inputShape, classes) ? header.images.count : null;
}

function fits({ images, labels }: DataHeader, inputShape: readonly number[], classes: number): boolean {
  if (!images || images.count !== labels?.count) return false;
  if (inputShape.length === 3 && images.shape.some((size, axis) => size !== inputShape[axis])) return false;
  return classes === 0 || labels.largest === undefined || labels.largest < classes;
}
