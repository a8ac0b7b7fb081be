import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import { FinePruneError } from '../../../server/protocol/errors';
import { openModel } from '../../../server/engine/model/formats/registry';
import { buildSimpleCnn } from '../../../server/engine/model/formats/tfjs-layers/fresh/simple-cnn';
import { encodeModel, temporaryFolder, useBackend, write, type ModelJson } from './support';

interface SequentialJson {
  config: { layers: { class_name: string; config: Record<string, unknown> }[] };
}

type Layers = SequentialJson['config']['layers'];

/** The layers of a Sequential model, to change them. */
export const layersOf = (json: ModelJson): Layers => (json.modelTopology as SequentialJson).config.layers;

/** Opening fails with this code, leaves no tensor, and the message names file, place and what to do. */
export async function refused(
  file: string,
  code: string,
  message: RegExp,
  opts: { root?: string; place?: RegExp } = {},
): Promise<FinePruneError> {
  const before = memory().numTensors;
  let failure: unknown;
  await openModel(file, opts).then(
    (model) => model.dispose(),
    (error: unknown) => (failure = error),
  );
  assert.ok(failure instanceof FinePruneError, `expected ${code}, got ${String(failure)}`);
  assert.equal(failure.code, code, failure.message);
  assert.equal(failure.kind, 'input');
  assert.match(failure.message, message);
  assert.ok(failure.file, 'names the file');
  assert.ok(failure.todo, 'says what to do');
  if (opts.place) assert.match(failure.place ?? '', opts.place);
  assert.equal(memory().numTensors, before);
  return failure;
}

/** A good model for the tests of a suite to spoil, each in a folder of its own. */
export class SpoiltModels {
  /** The files of the good one, a small CNN for 4 classes. */
  good!: { json: string; weights: Uint8Array };
  /** Of this test. */
  folder!: string;
  /** Of all of them. */
  parent!: string;
  private count = 0;

  constructor() {
    let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
    before(async () => {
      await useBackend();
      temporary = await temporaryFolder();
      this.parent = temporary.folder;
      const model = buildSimpleCnn({ seed: 1, inputShape: [12, 12, 1], classes: 4 });
      const { json, weights } = encodeModel(model);
      this.good = { json: new TextDecoder().decode(json), weights };
      model.dispose();
    });
    after(() => temporary.remove());
    beforeEach(async () => {
      this.folder = path.join(this.parent, String(this.count++));
      await mkdir(this.folder);
    });
  }

  /** Writes the good model with a change to its JSON. @returns its model.json */
  async changed(change: (json: ModelJson, layers: Layers) => void, weights = this.good.weights): Promise<string> {
    const json = JSON.parse(this.good.json) as ModelJson;
    change(json, layersOf(json));
    return write(this.folder, json, weights);
  }
}
