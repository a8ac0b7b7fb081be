import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Inspections } from '../../../server/engine/inspect/inspections';
import { FinePruneError } from '../../../server/protocol/errors';
import { demoMaker, opened, type Asker } from './support';

const changed = (e: unknown) =>
  e instanceof FinePruneError && e.code === 'inspect.changed' && e.kind === 'input' && e.todo === 'Refresh.';

describe('what the inspector keeps', function () {
  this.timeout(120_000);
  const demo = demoMaker('fp-keeps-');
  const rewrite = (config: string, from: string | RegExp, to: string): void => {
    const text = readFileSync(config, 'utf8');
    const other = text.replace(from, to);
    assert.notEqual(other, text);
    writeFileSync(config, other);
  };
  const reopened = async (asker: Asker): Promise<string> => (await asker.ask({ kind: 'open' })).fingerprint;
  const layer = { kind: 'layer', layer: 'dense_1', state: 'before' } as const;

  it('is one subject whatever a person does to ratio, units, layer or fine-tuning', async () => {
    const config = await demo('"prune": { "ratio": 0.2 }');
    const asker = await opened(config, 'wasm');
    const { fingerprint } = asker;
    const data = await asker.ask(layer);
    for (const [from, to] of [
      ['"ratio": 0.2', '"ratio": "auto"'],
      ['"ratio": "auto"', '"units": [5, 3]'],
      ['"trigger"', '"layer": "conv2d_1", "trigger"'],
      ['"trigger"', '"fineTune": { "epochs": 7, "batchSize": 16 }, "trigger"'],
      ['"trigger"', '// a comment\n"trigger"'],
      ['"data": {', '"data": { "fineTuneImages": 10,'],
      ['"trigger"', '"gates": { "maxAttackSuccessRate": 0.2 }, "trigger"'],
    ] as const) {
      rewrite(config, from, to);
      assert.equal(await reopened(asker), fingerprint, to);
    }
    const { prune, chosen, gates } = await asker.ask({ kind: 'open' });
    assert.deepEqual(
      [prune, chosen, gates.maxAttackSuccessRate],
      [{ ratio: null, rule: 'clean-mean', guide: null, units: [3, 5] }, 'conv2d_1', 0.2],
    );
    assert.equal(await asker.ask(layer), data, 'the same answer, not computed again');
    assert.deepEqual(asker.told, []);
  });

  it('is another subject when what was measured changes', async () => {
    const config = await demo();
    const asker = await opened(config, 'wasm');
    const seen = new Set([asker.fingerprint]);
    for (const [from, to] of [
      ['"trigger"', '"prune": { "rule": "clean-mean-abs" }, "trigger"'],
      ['"trigger"', '"seed": 1, "trigger"'],
      ['"trigger"', '"gates": { "maxAccuracyDrop": 0.2 }, "trigger"'],
      ['"trigger"', '"curve": "full", "trigger"'],
      ['"target": 0', '"target": 0, "size": [4, 4]'],
      ['"target": 0', '"target": 1'],
      ['"data": {', '"data": { "holdout": 5,'],
      ['"data": {', '"data": { "analysis": "holdout",'],
      ['"data": {', '"data": { "testImages": 50,'],
      ['"data": {', '"data": { "analysisImages": 4,'],
      ['"data": {', '"data": { "mean": 0.1,'],
      ['"data": {', '"data": { "std": 0.5,'],
      [/,\s*"trigger": \{[^}]*\}/, ''],
    ] as const) {
      const before = asker.fingerprint;
      rewrite(config, from, to);
      const now = await reopened(asker);
      assert.ok(!seen.has(now), to || 'no trigger');
      seen.add(now);
      assert.equal(
        (
          await asker.inspections.answer(
            asker.subject,
            { ...layer, fingerprint: before },
            () => undefined,
            new AbortController().signal,
          )
        ).kind,
        'layer',
        'who has not refreshed sees what was there',
      );
    }
  });

  it('follows the files: same contents, same answers; other contents, other ones', async () => {
    const config = await demo();
    const folder = path.dirname(config);
    const asker = await opened(config, 'wasm');
    const { fingerprint } = asker;
    const data = await asker.ask(layer);
    for (const name of ['model.json', 'weights.bin', 'data/t10k-images-idx3-ubyte']) {
      const file = path.join(folder, name);
      copyFileSync(file, `${file}.copy`);
      copyFileSync(`${file}.copy`, file);
      assert.equal(await reopened(asker), fingerprint, `${name} written again`);
    }
    assert.equal(await asker.ask(layer), data);
    for (const name of ['weights.bin', 'data/t10k-images-idx3-ubyte', 'data/train-labels-idx1-ubyte']) {
      const file = path.join(folder, name);
      const bytes = readFileSync(file);
      // A digit of a weight, a pixel's brightness, a label: each within its bounds.
      const at = name === 'weights.bin' ? 0 : bytes.length - 1;
      const last = bytes[at]!;
      bytes[at] = last ^ 1;
      writeFileSync(file, bytes);
      utimesSync(file, 1, 1);
      assert.notEqual(await reopened(asker), fingerprint, name);
      bytes[at] = last;
      writeFileSync(file, bytes);
      utimesSync(file, 1, 1);
      assert.equal(await reopened(asker), fingerprint, `${name} as before`);
    }
    assert.equal(await asker.ask(layer), data, 'what was computed for these contents is still there');
  });

  it('can be asked for again by a new process, as long as nothing has changed', async () => {
    const config = await demo();
    const { fingerprint, subject } = await opened(config, 'wasm');
    const signal = new AbortController().signal;
    const anew = () => new Inspections().answer(subject, { ...layer, fingerprint }, () => undefined, signal);
    assert.equal((await anew()).kind, 'layer');
    rewrite(config, '"target": 0', '"target": 2');
    await assert.rejects(anew(), (e: unknown) => changed(e) && (e as FinePruneError).file === config);
  });

  it('is bounded in bytes, and in subjects', async () => {
    const alone = new Inspections();
    await (await opened(await demo(), 'wasm', {}, alone)).ask(layer);
    const perLayer = alone.held.bytes;
    assert.ok(perLayer > 100 * 128 * 4, `${perLayer}`);
    const limit = Math.floor(perLayer * 2.5);
    const inspections = new Inspections({ cacheBytes: limit });
    const askers: Asker[] = [];
    for (let i = 0; i < 4; i++) {
      const asker = await opened(await demo(`"seed": ${i}`), 'wasm', {}, inspections);
      askers.push(asker);
      await asker.ask(layer);
      await asker.ask({ ...layer, layer: 'conv2d_2' });
      await asker.ask({ kind: 'mask', layer: 'dense_1', state: 'before', units: Int32Array.of(1), scope: 'quick' });
      assert.ok(inspections.held.bytes <= limit, `${inspections.held.bytes} of ${limit}`);
    }
    assert.ok(inspections.held.subjects <= 3 && inspections.held.layers >= 2, JSON.stringify(inspections.held));
    // The first one went; its answers come again when they are asked for.
    const { fingerprint } = askers[0]!;
    assert.equal((await askers[0]!.ask(layer)).units, 128);
    assert.equal(askers[0]!.fingerprint, fingerprint);
  });

  it("gives a model's tensors back when the model is gone", async () => {
    const config = await demo();
    const weights = path.join(path.dirname(config), 'weights.bin');
    const asker = await opened(config, 'wasm');
    const tensors = async (): Promise<number> => (await reopened(asker), tf.memory().numTensors);
    const one = await tensors();
    const seen: number[] = [];
    for (let i = 1; i <= 12; i++) {
      const bytes = readFileSync(weights);
      bytes[0] = i;
      writeFileSync(weights, bytes);
      seen.push(await tensors());
    }
    assert.equal(
      Math.max(...seen.slice(0, 6)),
      Math.max(...seen.slice(6)),
      `${one}, then ${seen}: no more of them as time goes on`,
    );
  });

  it('holds back what one config may not read from another that may', async () => {
    const config = await demo();
    const folder = path.dirname(config);
    const inner = path.join(folder, 'data', 'inner.fineprune.json');
    writeFileSync(
      inner,
      readFileSync(config, 'utf8').replaceAll('"data/', '"').replace('"model.json"', '"../model.json"'),
    );
    const inspections = new Inspections();
    await opened(inner, 'wasm', { root: folder }, inspections);
    await assert.rejects(
      opened(inner, 'wasm', {}, inspections),
      (e: unknown) => e instanceof FinePruneError && e.code === 'path.outside',
    );
  });

  it('says that another engine needs another process', async () => {
    const config = await demo('"backend": "wasm"');
    const inspections = new Inspections();
    await opened(config, 'wasm', {}, inspections);
    await assert.rejects(
      inspections.answer(
        { config, allowedFolders: [], backend: 'auto', defended: null },
        { kind: 'open' },
        () => undefined,
        new AbortController().signal,
      ),
      (e: unknown) => e instanceof FinePruneError && e.code === 'inspect.backend',
    );
    assert.equal(
      (
        await inspections.answer(
          { config, allowedFolders: [], defended: null },
          { kind: 'open' },
          () => undefined,
          new AbortController().signal,
        )
      ).kind,
      'open',
      "the config's own choice",
    );
  });
});
