import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { FinePruneError } from '../../../server/protocol/errors';
import { sha256 } from '../../../server/engine/files/hash';
import { logitsOf } from './inside';
import { applyMasks, masksFor } from '../../../server/engine/model/masks';
import type { OpenModel } from '../../../server/engine/model/model';
import { openModel } from '../../../server/engine/model/formats/registry';
import { buildSimpleCnn, reinitialise } from '../../../server/engine/model/formats/tfjs-layers/fresh/simple-cnn';
import { saveModel, saveModelBeside } from '../../../server/engine/model/formats/tfjs-layers/save';
import { findUnitSite } from '../../../server/engine/model/units';
import { distance, encodeModel, images, temporaryFolder, useBackend, write, type ModelJson } from './support';

describe('saving a model', function () {
  this.timeout(60_000);
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  let folder: string;
  let count = 0;
  let model: OpenModel;
  before(async () => {
    await useBackend();
    temporary = await temporaryFolder();
  });
  after(() => temporary.remove());
  beforeEach(async () => {
    folder = path.join(temporary.folder, String(count++));
    model = await openModel(await sharded(path.join(folder, 'input')));
  });
  afterEach(() => model.dispose());

  /** A model as other tools may write it: odd spacing, fields of their own, three shards of which one lies deeper, a tensor no layer reads. */
  async function sharded(into: string): Promise<string> {
    const built = buildSimpleCnn({ seed: 3, inputShape: [12, 12, 1], classes: 4 });
    const { json, weights } = encodeModel(built);
    built.dispose();
    const parsed = JSON.parse(new TextDecoder().decode(json)) as ModelJson;
    parsed['userDefinedMetadata'] = { note: 'kept as it is — ünïcode', nested: [1, { deep: null }] };
    const [first] = parsed.weightsManifest!;
    first!.weights.splice(2, 0, { name: 'seed_generator/state', shape: [2], dtype: 'int32' });
    first!.paths = ['group1-shard1of3.bin', 'more/group1-shard2of3.bin', 'group1-shard3of3.bin'];
    const extra = 4 * (9 * 32 + 32);
    const all = Buffer.concat([
      weights.subarray(0, extra),
      Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]),
      weights.subarray(extra),
    ]);
    // Cut in the middle of numbers, as shards of a fixed size are.
    const cuts = [0, 1001, 5002, all.length];
    for (const [i, name] of first!.paths.entries()) {
      await mkdir(path.dirname(path.join(into, name)), { recursive: true });
      await writeFile(path.join(into, name), all.subarray(cuts[i], cuts[i + 1]));
    }
    return write(into, `\uFEFF${JSON.stringify(parsed, null, 3)}\n\n`);
  }

  async function contents(of: string): Promise<Record<string, string>> {
    const entries = await readdir(of, { recursive: true, withFileTypes: true });
    const files = entries.filter((e) => e.isFile()).map((e) => path.join(e.parentPath, e.name));
    return Object.fromEntries(
      await Promise.all(files.sort().map(async (f) => [path.relative(of, f), sha256(await readFile(f))] as const)),
    );
  }

  async function refused(out: string, code: string, from = model): Promise<void> {
    await assert.rejects(
      saveModel(from, out),
      (error: unknown) =>
        error instanceof FinePruneError &&
        error.kind === 'input' &&
        error.code === code &&
        Boolean(error.todo) &&
        Boolean(error.file),
    );
  }

  it('unchanged: the same bytes in every file', async () => {
    const out = path.join(folder, 'out.defended');
    const saved = await saveModel(model, out);
    assert.deepEqual(await contents(out), await contents(path.join(folder, 'input')));
    assert.deepEqual(saved, { path: path.join(out, 'model.json'), ...model.hashes });
    assert.deepEqual((await readdir(folder)).sort(), ['input', 'out.defended']);
  });

  it('changed: other weights only, and what is read again computes the same', async () => {
    applyMasks(model.network, masksFor(model.graph, findUnitSite(model.graph), [3, 4]));
    const saved = await saveModel(model, path.join(folder, 'out'));
    const before = await contents(path.join(folder, 'input'));
    const after = await contents(path.join(folder, 'out'));
    assert.deepEqual(Object.keys(after), Object.keys(before));
    assert.equal(after['model.json'], before['model.json']);
    assert.notDeepEqual(after, before);
    assert.equal(saved.topology, model.hashes.topology);
    assert.notEqual(saved.weights, model.hashes.weights);
    const again = await openModel(saved.path);
    assert.deepEqual({ path: saved.path, ...again.hashes }, saved);
    tf.tidy(() => {
      const x = images(3, [12, 12, 1]);
      assert.equal(distance(logitsOf(again, x), logitsOf(model, x)), 0);
    });
    // The tensor that no layer reads is where it was.
    const bytes = Buffer.concat(
      await Promise.all(model.source.files[0]!.map((shard) => readFile(path.join(folder, 'out', shard.path)))),
    );
    assert.deepEqual([...bytes.subarray(1280, 1288)], [1, 2, 3, 4, 5, 6, 7, 8]);
    again.dispose();
  });

  it('replaces an older saved model, also one of other shards', async () => {
    const out = path.join(folder, 'out');
    const older = buildSimpleCnn({ seed: 4, inputShape: [12, 12, 1], classes: 4 });
    await saveModel(older, out);
    assert.deepEqual(Object.keys(await contents(out)), ['model.json', 'weights.bin']);
    older.dispose();
    await writeFile(path.join(out, '.DS_Store'), '');
    await saveModel(model, out);
    await saveModel(model, out);
    assert.deepEqual(await contents(out), await contents(path.join(folder, 'input')));
  });

  it('works when the input was deleted meanwhile', async () => {
    const before = await contents(path.join(folder, 'input'));
    await rm(path.join(folder, 'input'), { recursive: true });
    await saveModel(model, path.join(folder, 'out'));
    assert.deepEqual(await contents(path.join(folder, 'out')), before);
  });

  it('never onto the input, nor over a folder that holds it, nor through a link to it', async () => {
    const before = await contents(folder);
    await refused(path.join(folder, 'input'), 'output.inputFolder');
    await refused(folder, 'output.inputFolder');
    const link = path.join(temporary.folder, `link-${count}`);
    await symlink(path.join(folder, 'input'), link);
    await refused(link, 'output.inputFolder');
    assert.deepEqual(await contents(folder), before);
  });

  it('never over files that are no saved model', async () => {
    const out = path.join(folder, 'out');
    await mkdir(path.join(out, 'notes'), { recursive: true });
    await refused(out, 'output.foreignFiles');
    await rm(path.join(out, 'notes'), { recursive: true });
    await writeFile(path.join(out, 'data.bin'), 'precious');
    await refused(out, 'output.foreignFiles');
    assert.equal(await readFile(path.join(out, 'data.bin'), 'utf8'), 'precious');
    assert.deepEqual((await readdir(folder)).sort(), ['input', 'out']);
  });

  it('a file in the place of the folder, or of the folder above', async () => {
    await writeFile(path.join(folder, 'file'), 'precious');
    await refused(path.join(folder, 'file'), 'output.fileInTheWay');
    await refused(path.join(folder, 'file', 'out'), 'output.fileInTheWay');
    assert.equal(await readFile(path.join(folder, 'file'), 'utf8'), 'precious');
  });

  if (process.platform !== 'win32' && process.getuid!() !== 0) {
    it('a folder that is not writable', async () => {
      await chmod(folder, 0o555);
      await refused(path.join(folder, 'out'), 'output.notWritable').finally(() => chmod(folder, 0o755));
      assert.deepEqual(await readdir(folder), ['input']);
    });
  }

  if (process.platform !== 'win32') {
    it('space that runs out in the middle: the older model stays whole, nothing half-written', async () => {
      const out = path.join(folder, 'out');
      const older = buildSimpleCnn({ seed: 4, inputShape: [12, 12, 1], classes: 4 });
      await saveModel(older, out);
      older.dispose();
      const before = await contents(out);
      // A limit on file sizes hits in the middle of the last shard, without a file system of its own.
      const child = path.join(__dirname, 'save-with-limit.ts');
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        'ulimit -f 64; exec "$@"',
        'sh',
        process.execPath,
        '--import',
        'tsx',
        child,
        path.join(folder, 'input', 'model.json'),
        out,
      ]);
      assert.match(stdout, /^output\.tooLarge /m);
      assert.deepEqual(await contents(out), before);
      assert.deepEqual((await readdir(folder)).sort(), ['input', 'out']);
    });
  }

  it('a new model: one shard, beside other files', async () => {
    const fresh = buildSimpleCnn({ seed: 0 });
    const out = path.join(folder, 'new');
    await mkdir(out);
    await writeFile(path.join(out, 'card.md'), 'how it was made');
    const saved = await saveModelBeside(fresh, out);
    const opened = await openModel(saved.path);
    assert.equal(saved.weights, opened.hashes.weights);
    assert.deepEqual(opened.hashes, fresh.hashes);
    assert.deepEqual((await readdir(out)).sort(), ['card.md', 'model.json', 'weights.bin']);
    tf.tidy(() => {
      const x = images(2, [28, 28, 1]);
      assert.equal(distance(logitsOf(opened, x), logitsOf(fresh, x)), 0);
    });
    fresh.dispose();
    opened.dispose();
  });
});

describe('the reference network', () => {
  before(useBackend);

  it('is the pinned SimpleCNN', () => {
    const model = buildSimpleCnn({ seed: 0, inputShape: [28, 28, 1], classes: 10 });
    assert.deepEqual(
      model.summary.layers
        .filter((layer) => layer.parameters > 0)
        .map(({ name, className, units, parameters }) => [name, className, units, parameters]),
      [
        ['conv2d_1', 'Conv2D', 32, 320],
        ['conv2d_2', 'Conv2D', 64, 18_496],
        ['dense_1', 'Dense', 128, 204_928],
        ['dense_2', 'Dense', 10, 1_290],
      ],
    );
    assert.equal(model.summary.parameters, 225_034);
    assert.deepEqual(
      model.graph.layers.map(({ shape }) => shape),
      [[28, 28, 1], [26, 26, 32], [13, 13, 32], [11, 11, 64], [5, 5, 64], [1600], [128], [10]],
    );
    assert.equal(model.graph.softmaxOf, 'dense_2');
    model.dispose();
  });

  it('starts from the seed: the same again, another with another seed, another in each layer', async () => {
    const [a, b, c] = [0, 0, 1].map((seed) => buildSimpleCnn({ seed })) as [OpenModel, OpenModel, OpenModel];
    assert.equal(a.hashes.weights, b.hashes.weights);
    assert.notEqual(a.hashes.weights, c.hashes.weights);
    const kernels = a.graph.parameters.filter(({ role }) => role === 'kernel').map(({ id }) => a.network.read(id));
    const extent = (k: Float32Array): number => k.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const first = kernels.map((k) => k[0]! / extent(k));
    assert.equal(new Set(first).size, 4);
    // Glorot, Bengio 2010: uniform within ±√(6 / (fan in + fan out)).
    for (const [k, limit] of kernels.map(
      (kernel, i) => [kernel, Math.sqrt(6 / [9 + 288, 288 + 576, 1600 + 128, 138][i]!)] as const,
    )) {
      const largest = extent(k);
      assert.ok(largest <= limit && largest > 0.95 * limit);
    }
    reinitialise(b, 1);
    assert.deepEqual(
      b.graph.parameters.map(({ id }) => sha256(new Uint8Array(b.network.read(id).buffer))),
      c.graph.parameters.map(({ id }) => sha256(new Uint8Array(c.network.read(id).buffer))),
    );
    [a, b, c].forEach((model) => model.dispose());
  });
});
