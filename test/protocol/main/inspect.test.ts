import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeAction } from 'vscode-languageserver-protocol/node';
import type { Overview } from '../../../server/protocol/messages/inspect';
import { RUN_REQUEST, type RunResult, type Settings } from '../../../server/protocol/messages/lsp';
import { isAlive } from '../../harness/alive';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { engineOf } from '../children';
import { demoConfig, makeDemo } from '../demo-folder';
import { Inspector } from '../inspector';
import { LanguageClient, uriOf } from '../language-client';

/** Lists every field that is a view of a buffer, as `name: Class[length]`. */
function arraysOf(value: object): string[] {
  return Object.entries(value).flatMap(([name, field]) =>
    ArrayBuffer.isView(field) ? [`${name}: ${field.constructor.name}[${(field as Uint8Array).length}]`] : [],
  );
}

describe('the inspector through the language server', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-inspect-');
  const text = demoConfig().replace('"data": {', '"backend": "wasm",\n  "data": {\n    "holdout": 100,');
  let client: LanguageClient;
  let inspector: Inspector;
  let config: string;
  let overview: Overview;

  before(async () => {
    config = await makeDemo(temp.dir, { train: 400, test: 400 }, text);
    client = await LanguageClient.start([temp.dir]);
    inspector = new Inspector(client, uriOf(config));
    overview = await inspector.ask({ kind: 'open' });
  });
  after(async () => {
    await client.stop();
    await temp.remove();
  });

  const save = async (content: string): Promise<void> => {
    writeFileSync(config, content);
    await client.filesChanged(config);
  };

  it('opens a config that has no report', () => {
    const { fingerprint, backend, images, ...rest } = overview;
    assert.match(fingerprint, /^[0-9a-f]{64}$/);
    assert.equal(backend.name, 'wasm');
    assert.deepEqual([images.analysis, images.test, images.holdout], [400, 400, 100]);
    assert.ok(images.triggered! > 300 && images.triggered! < 400, String(images.triggered));
    assert.deepEqual(
      [rest.name, rest.classes, rest.shape, rest.chosen, rest.report],
      ['demo', 10, [28, 28, 1], 'dense_1', null],
    );
    assert.deepEqual(
      rest.layers.map(({ name, units, feedsClassifier }) => [name, units, feedsClassifier]),
      [
        ['conv2d_1', 32, false],
        ['conv2d_2', 64, false],
        ['dense_1', 128, true],
      ],
    );
    assert.deepEqual(rest.trigger, { kind: 'patch', target: 0 });
  });

  it('analyses a layer, with progress, and answers in typed arrays', async () => {
    const question = inspector.begin({
      kind: 'layer',
      fingerprint: overview.fingerprint,
      layer: 'dense_1',
      state: 'before',
    });
    const result = await question.result;
    assert.ok(result.ok && result.answer.kind === 'layer', JSON.stringify(result));
    const { answer } = result;
    assert.deepEqual(arraysOf(answer), [
      'cleanMean: Float32Array[128]',
      'cleanMeanAbs: Float32Array[128]',
      'cleanFires: Float32Array[128]',
      'triggeredMean: Float32Array[128]',
      'triggeredFires: Float32Array[128]',
      'dead: Uint8Array[128]',
      'pruned: Uint8Array[128]',
      'order: Int32Array[128]',
    ]);
    assert.deepEqual(arraysOf(answer.curve), [
      'pruned: Int32Array[129]',
      'correct: Int32Array[129]',
      'successful: Int32Array[129]',
    ]);
    assert.deepEqual(answer.images, { analysed: 400, available: 400 });
    assert.deepEqual(
      [...answer.order].sort((a, b) => a - b),
      Array.from({ length: 128 }, (_, i) => i),
    );
    const shares = inspector.progress.filter(({ token }) => token === question.token).map(({ overall }) => overall);
    assert.ok(
      shares.length > 1 && shares.every((share, i) => share >= (shares[i - 1] ?? 0) && share <= 1),
      shares.join(),
    );
  });

  it('answers for one unit with its pictures', async () => {
    const unit = await inspector.ask({
      kind: 'unit',
      fingerprint: overview.fingerprint,
      layer: 'dense_1',
      state: 'before',
      unit: 17,
    });
    const layer = await inspector.layer(overview.fingerprint);
    assert.match(unit.sentence, /\.$/);
    assert.deepEqual(
      [...arraysOf(unit), ...arraysOf(unit.histogram), ...arraysOf(unit.perClass)].map((one) =>
        one.replace(/\[\d+\]/, ''),
      ),
      [
        'outgoing: Float32Array',
        'edges: Float32Array',
        'clean: Uint32Array',
        'triggered: Uint32Array',
        'clean: Float32Array',
        'triggered: Float32Array',
      ],
    );
    assert.equal(
      unit.histogram.clean.reduce((sum, n) => sum + n, 0),
      layer.images.analysed,
    );
    assert.equal(unit.perClass.clean.length, 10);
    for (const { pixels, label } of [...unit.top.clean, ...unit.top.triggered!]) {
      assert.ok(pixels instanceof Uint8Array && pixels.length === 784);
      assert.ok(label >= 0 && label < 10);
    }
    const edge = await inspector.ask({
      kind: 'unit',
      fingerprint: overview.fingerprint,
      layer: 'conv2d_1',
      state: 'before',
      unit: 0,
    });
    assert.ok(
      edge.filter &&
        edge.filter.values instanceof Float32Array &&
        edge.filter.values.length === edge.filter.height * edge.filter.width,
    );
    assert.equal(
      await inspector.refusal({
        kind: 'unit',
        fingerprint: overview.fingerprint,
        layer: 'dense_1',
        state: 'before',
        unit: 128,
      }),
      'inspect.noSuchUnit',
    );
  });

  it('measures a mask that comes as a typed array: it says what the curve says', async () => {
    const { order, curve, images, triggeredImages } = await inspector.layer(overview.fingerprint);
    for (const count of [0, 25, 120]) {
      for (const scope of ['quick', 'full'] as const) {
        const mask = await inspector.ask({
          kind: 'mask',
          fingerprint: overview.fingerprint,
          layer: 'dense_1',
          state: 'before',
          units: order.slice(0, count),
          scope,
        });
        assert.equal(mask.units, count);
        assert.deepEqual(
          [mask.masked.cleanAccuracy.hits, mask.masked.cleanAccuracy.of],
          [curve.correct[count], images.available],
        );
        assert.deepEqual(
          [mask.masked.attackSuccessRate!.hits, mask.masked.attackSuccessRate!.of],
          [curve.successful![count], triggeredImages!.available],
        );
        assert.equal(mask.unmasked.cleanAccuracy.hits, curve.correct[0]);
      }
    }
  });

  it('finds the limit on held-out images, and shows examples', async () => {
    const { limit } = await inspector.ask({
      kind: 'limit',
      fingerprint: overview.fingerprint,
      layer: 'dense_1',
      state: 'before',
    });
    assert.ok(limit && limit.heldOut.images === 100 && limit.pruned >= 0 && limit.pruned <= 128, JSON.stringify(limit));
    const { examples, target } = await inspector.ask({ kind: 'examples', fingerprint: overview.fingerprint, count: 8 });
    assert.deepEqual([examples.length, target], [8, 0]);
    for (const { clean, triggered, label, after } of examples) {
      assert.ok(
        clean instanceof Uint8Array &&
          triggered instanceof Uint8Array &&
          clean.length === 784 &&
          triggered.length === 784,
      );
      assert.notDeepEqual(clean, triggered);
      assert.notEqual(label, target);
      assert.equal(after, null);
    }
  });

  it('ends a question that nobody waits for, and answers the next one', async () => {
    const pid = engineOf(client);
    const running = inspector.begin({
      kind: 'layer',
      fingerprint: overview.fingerprint,
      layer: 'conv2d_2',
      state: 'before',
    });
    const waiting = inspector.begin({
      kind: 'limit',
      fingerprint: overview.fingerprint,
      layer: 'conv2d_2',
      state: 'before',
    });
    await running.reported(/Analysing/);
    waiting.cancel();
    running.cancel();
    for (const one of [await running.result, await waiting.result])
      assert.ok(!one.ok && one.failure.kind === 'cancelled', JSON.stringify(one).slice(0, 300));
    assert.equal((await inspector.layer(overview.fingerprint)).units, 128);
    assert.equal(engineOf(client), pid, 'the same process goes on');
  });

  it('says that a config has changed, and refuses questions about what it was', async () => {
    inspector.changed.length = 0;
    await save(text.replace('"trigger": {', '"prune": { "ratio": 0.5 },\n  "trigger": {'));
    await waitFor('the news', () => inspector.changed.length > 0);
    assert.deepEqual(inspector.changed[0], { configUri: uriOf(config) });
    const other = await inspector.ask({ kind: 'open' });
    assert.deepEqual(
      [other.fingerprint, other.prune.ratio],
      [overview.fingerprint, 0.5],
      'another ratio changes no answer',
    );

    await save(text.replace('"target": 0', '"target": 3'));
    const next = await inspector.ask({ kind: 'open' });
    assert.notEqual(next.fingerprint, overview.fingerprint);
    assert.equal(next.trigger?.target, 3);
    assert.equal(
      await inspector.refusal({ kind: 'layer', fingerprint: 'f'.repeat(64), layer: 'dense_1', state: 'before' }),
      'inspect.changed',
    );

    await save(text.replace('"model.json"', '"nowhere.json"'));
    const broken = await inspector.begin({ kind: 'open' }).result;
    assert.ok(!broken.ok && broken.failure.kind === 'input', JSON.stringify(broken));
    await save(text);
    assert.equal((await inspector.ask({ kind: 'open' })).fingerprint, overview.fingerprint);
  });

  it('says nothing of changes to configs that nobody looked into', async () => {
    const other = await LanguageClient.start([temp.dir]);
    try {
      const idle = new Inspector(other, uriOf(config));
      await other.filesChanged(config);
      // Once somebody has asked, every later change is told: the one before it would have come first.
      await idle.ask({ kind: 'open' });
      assert.deepEqual(idle.changed, []);
      await other.filesChanged(config);
      await waitFor('the news', () => idle.changed.length > 0);
      assert.equal(idle.changed.length, 1);
    } finally {
      await other.stop();
    }
  });

  it('says that its engine ended while nothing was asked, and goes on with a new one', async () => {
    const pid = engineOf(client)!;
    inspector.ended.length = 0;
    process.kill(pid, 'SIGSEGV');
    await waitFor('the news', () => inspector.ended.length > 0);
    assert.deepEqual(
      [inspector.ended[0]!.failure.kind, inspector.ended[0]!.failure.code],
      ['engine', 'engine.crashed'],
    );
    assert.match(String(inspector.ended[0]!.failure.todo), /^Try again/);
    assert.equal((await inspector.layer(overview.fingerprint)).units, 128, 'the fingerprint is still good');
    assert.notEqual(engineOf(client), pid);
    assert.equal(inspector.ended.length, 1);
  });

  it('fails the question whose engine is killed, and goes on with a new one', async () => {
    inspector.ended.length = 0;
    const running = inspector.begin({
      kind: 'layer',
      fingerprint: overview.fingerprint,
      layer: 'conv2d_1',
      state: 'before',
    });
    const waiting = inspector.begin({ kind: 'examples', fingerprint: overview.fingerprint, count: 4 });
    await running.reported(/Analysing/);
    process.kill(engineOf(client)!, 'SIGKILL');
    const [first, second] = [await running.result, await waiting.result];
    assert.ok(!first.ok && first.failure.code === 'engine.outOfMemory', JSON.stringify(first).slice(0, 300));
    // The server looks at files before it asks the engine: a question that was still there then is answered by the new process.
    assert.ok(second.ok || second.failure.code === 'engine.outOfMemory', JSON.stringify(second).slice(0, 300));
    assert.equal((await inspector.layer(overview.fingerprint)).units, 128);
    assert.deepEqual(inspector.ended, [], 'who asked has heard it already');
  });

  it('starts another process when the settings choose another engine, and finishes what was asked before', async () => {
    const pid = engineOf(client);
    const change = async (settings: Partial<Settings>): Promise<void> => {
      client.settings = settings;
      await client.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
    };
    const before = inspector.begin({
      kind: 'layer',
      fingerprint: overview.fingerprint,
      layer: 'conv2d_2',
      state: 'before',
    });
    await before.reported(/Analysing/);
    await change({ backend: 'wasm' });
    const after = await inspector.ask({ kind: 'open' });
    assert.equal(after.fingerprint, overview.fingerprint, 'the same engine computes as before');
    assert.ok((await before.result).ok, 'the first question was answered');
    assert.notEqual(engineOf(client), pid);
    await change({});
  });

  it('takes its questions while a run goes on, and offers the defended model afterwards', async () => {
    await inspector.ask({ kind: 'open' });
    inspector.changed.length = 0;
    const progress = client.progress('beside');
    const running = client.connection.sendRequest<RunResult>(RUN_REQUEST, {
      configUri: uriOf(config),
      workDoneToken: 'beside',
    });
    await waitFor('the run', () => progress.length > 1, { deadlineMs: 60_000 });
    assert.equal((await inspector.layer(overview.fingerprint)).units, 128);
    const run = await running;
    assert.ok(run.ok, JSON.stringify(run));
    const { report, files } = run.outcome;
    await waitFor('the news', () => inspector.changed.length > 0);

    const opened = await inspector.ask({ kind: 'open' });
    assert.equal(opened.fingerprint, overview.fingerprint);
    assert.deepEqual(opened.report, {
      verdict: { word: report.verdict.word, sentence: report.verdict.sentence },
      changed: [],
      layer: 'dense_1',
      pruned: report.pruning.units,
      after: true,
    });

    const [before, after] = [
      await inspector.layer(opened.fingerprint),
      await inspector.layer(opened.fingerprint, 'dense_1', 'after'),
    ];
    assert.deepEqual(
      Array.from(after.pruned.keys()).filter((unit) => after.pruned[unit]),
      [...report.pruning.units].sort((a, b) => a - b),
    );
    assert.ok(report.pruning.units.every((unit) => after.cleanMean[unit] === 0));
    report.layer.activations.forEach(({ cleanMean, triggeredMean }, unit) => {
      assert.ok(Math.abs(before.cleanMean[unit]! - cleanMean) < 1e-4 * (1 + Math.abs(cleanMean)), `unit ${unit}`);
      assert.ok(
        Math.abs(before.triggeredMean![unit]! - triggeredMean!) < 1e-4 * (1 + Math.abs(triggeredMean!)),
        `unit ${unit}`,
      );
    });
    assert.equal(before.curve.correct[0], report.stages.before.cleanAccuracy.hits);
    assert.equal(after.curve.correct[0], report.stages.after.cleanAccuracy.hits);
    assert.equal(after.curve.successful![0], report.stages.after.attackSuccessRate!.hits);
    const { examples } = await inspector.ask({ kind: 'examples', fingerprint: opened.fingerprint, count: 4 });
    assert.ok(examples.every((one) => one.after !== null));

    // A config that has changed since leaves the defended model what it was; another defended model, or another model, does not.
    await save(text.replace('"trigger": {', '"prune": { "ratio": 0.5 },\n  "trigger": {'));
    const stale = await inspector.ask({ kind: 'open' });
    assert.deepEqual([stale.report?.changed, stale.report?.after], [['the config (prune.ratio)'], true]);
    await save(text);
    for (const weights of [
      path.join(path.dirname(files.model!), 'weights.bin'),
      path.join(path.dirname(config), 'weights.bin'),
    ]) {
      const bytes = readFileSync(weights);
      writeFileSync(weights, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
      const { report: now, fingerprint } = await inspector.ask({ kind: 'open' });
      assert.equal(now?.after, false, weights);
      assert.equal(
        await inspector.refusal({ kind: 'layer', fingerprint, layer: 'dense_1', state: 'after' }),
        'inspect.noDefended',
      );
      writeFileSync(weights, bytes);
    }
    assert.equal((await inspector.ask({ kind: 'open' })).report?.after, true);
  });

  it('leads from the diagnostics of a run to layer and unit', async () => {
    const model = await client.open(path.join(path.dirname(config), 'model.json'), undefined, 'json');
    const diagnostics = await client.diagnosed(model, 'the results', (found) =>
      found.some(({ code }) => code === 'result.pruned'),
    );
    const actions = await client.at<CodeAction[]>('textDocument/codeAction', model, {
      range: diagnostics[0]!.range,
      context: { diagnostics },
    });
    const commands = actions.map(
      ({ command }) =>
        [command?.command, ...(command?.arguments ?? [])] as [string, string, { layer: string; unit?: number }],
    );
    const { cleanMean, triggeredMean } = await inspector.layer(overview.fingerprint);
    const rises = Array.from(cleanMean, (mean, unit) => triggeredMean![unit]! - mean);
    // So short a run leaves the backdoor in: the unit that the trigger raises most is named.
    assert.deepEqual(commands, [
      ['finePrune.inspect', uriOf(config), { layer: 'dense_1' }],
      ['finePrune.inspect', uriOf(config), { layer: 'dense_1', unit: rises.indexOf(Math.max(...rises)) }],
    ]);
    await client.close(model);
  });

  it('looks into nothing in a workspace that is not trusted, until it is', async () => {
    const careful = await LanguageClient.start([temp.dir], { trusted: false });
    try {
      const untrusted = new Inspector(careful, uriOf(config));
      assert.equal(await untrusted.refusal({ kind: 'open' }), 'run.untrusted');
      assert.equal(engineOf(careful), undefined);
      await careful.connection.sendNotification('finePrune/trusted');
      assert.equal((await untrusted.ask({ kind: 'open' })).fingerprint, overview.fingerprint);
    } finally {
      await careful.stop();
    }
  });

  it('leaves no process behind, whether the server is stopped or killed', async () => {
    for (const how of ['stop', 'kill'] as const) {
      const doomed = await LanguageClient.start([temp.dir]);
      const last = new Inspector(doomed, uriOf(config));
      const question = last.begin({
        kind: 'layer',
        fingerprint: overview.fingerprint,
        layer: 'conv2d_2',
        state: 'before',
      });
      question.result.catch(() => undefined);
      await question.reported(/Analysing/);
      const engine = engineOf(doomed)!;
      if (how === 'stop') await doomed.stop();
      else {
        doomed.server.kill('SIGKILL');
        doomed.connection.dispose();
      }
      await waitFor('the end of the engine', () => !isAlive(engine), { deadlineMs: 5000 });
    }
  });
});
