import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  CancellationTokenSource,
  type CodeLens,
  type Hover,
  type MarkupContent,
} from 'vscode-languageserver-protocol/node';
import { RUN_REQUEST, type RunResult } from '../../../server/protocol/messages/lsp';
import { isAlive } from '../../harness/alive';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { engineOf } from '../children';
import { demoConfig, makeDemo } from '../demo-folder';
import { LanguageClient, latencies, latencyWords, uriOf } from '../language-client';
import { allowed } from '../../harness/busy';

/** A run that is far from its end when a test has seen what it wants. */
const LONG = demoConfig('"backend": "wasm",\n  "fineTune": { "epochs": 1000 }');

describe('runs through the language server', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-runs-');
  let client: LanguageClient;
  let config: string;
  let model: string;
  let uri: string;

  before(async () => {
    config = await makeDemo(temp.dir);
    model = path.join(path.dirname(config), 'model.json');
    client = await LanguageClient.start([temp.dir]);
    uri = await client.open(config);
  });
  after(async () => {
    await client.stop();
    await temp.remove();
  });

  let version = 1;
  async function save(text: string): Promise<void> {
    writeFileSync(config, text);
    await client.change(uri, ++version, text);
    await client.connection.sendNotification('textDocument/didSave', { textDocument: { uri } });
  }

  function start(token: string, configUri = uri) {
    const cancelling = new CancellationTokenSource();
    const progress = client.progress(token);
    const result = client.connection.sendRequest<RunResult>(
      RUN_REQUEST,
      { configUri, workDoneToken: token },
      cancelling.token,
    );
    const reported = (what: string, pattern: RegExp) =>
      waitFor(
        `${what}; last: ${JSON.stringify(progress.at(-1))}`,
        () => progress.some((p) => pattern.test(JSON.stringify(p))),
        { deadlineMs: 90_000 },
      );
    return { result, progress, reported, cancel: () => cancelling.cancel() };
  }

  it('runs a config: progress, report, lenses, and diagnostics on config and model', async () => {
    const { result, progress } = start('first');
    const answer = await result;
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.equal(answer.outcome.report.pruning.count, 25);
    assert.ok(existsSync(path.join(path.dirname(config), 'demo.defense.json')));

    assert.equal(progress[0]?.kind, 'begin');
    await waitFor('the end of the progress', () => progress.at(-1)?.kind === 'end');
    const percentages = progress.flatMap((p) =>
      p.kind === 'report' && p.percentage !== undefined ? [p.percentage] : [],
    );
    assert.deepEqual(
      percentages,
      [...percentages].sort((a, b) => a - b),
    );
    assert.ok(
      progress.some((p) => p.kind === 'report' && /^Fine-tuning · step [\d,]+ of [\d,]+/.test(p.message ?? '')),
      JSON.stringify(progress.slice(-3)),
    );

    const { verdict } = answer.outcome.report;
    await client.diagnosed(
      uri,
      'the verdict at the config',
      (found) => found.length === 1 && found[0]!.code === 'result.verdict',
    );
    const found = await client.diagnosed(
      uriOf(model),
      'results at the model that is not open',
      (all) => all.length > 2,
    );
    assert.equal(found[0]!.code, 'result.verdict');
    assert.match(
      String(found.find(({ code }) => code === 'result.pruned')?.message),
      /^25 of 128 neurons of dense_1 were pruned: \d+/,
    );
    assert.equal(
      found[0]!.severity,
      { 'not mitigated': 1, 'accuracy lost': 2, 'not measurable': 2 }[verdict.word as string] ?? 3,
    );
    const { start: from, end } = found[0]!.range;
    assert.equal(readFileSync(model, 'utf8').split('\n')[from.line]!.slice(from.character, end.character), '"dense_1"');

    const lenses = await client.at<CodeLens[]>('textDocument/codeLens', uri);
    assert.match(String(lenses[3]?.command?.title), /clean accuracy [\d.]+ % · ASR [\d.]+ % \(base rate [\d.]+ %\)$/);
    assert.deepEqual(lenses[3]?.command?.arguments, [uriOf(path.join(path.dirname(config), 'demo.defense.json'))]);
    const last = await waitFor('the status', () => client.statuses.find(({ state, last }) => state === 'idle' && last));
    assert.equal(last.last?.verdict, verdict.word);
    assert.equal(last.backend?.name, 'wasm');
  });

  it('reads the report when it starts', async () => {
    const other = await LanguageClient.start([temp.dir]);
    try {
      const opened = await other.open(config);
      await other.diagnosed(opened, 'the verdict', (found) => found.some(({ code }) => code === 'result.verdict'));
      await other.diagnosed(uriOf(model), 'the results at the model', (found) =>
        found.some(({ code }) => code === 'result.pruned'),
      );
    } finally {
      await other.stop();
    }
  });

  it('says that figures are stale when config, data or model change, and shows them again when they are back', async () => {
    const fresh = (message: string) =>
      client.diagnosed(uri, message, (found) => found.some(({ code }) => code === 'result.verdict'));
    const stale = async (what: RegExp) => {
      const [first] = await client.diagnosed(
        uriOf(model),
        `stale ${what.source}`,
        (found) => found.length === 1 && what.test(String(found[0]!.message)),
      );
      assert.equal(first!.severity, 3);
    };
    const before = readFileSync(config, 'utf8');
    await save(demoConfig('"backend": "wasm",\n  "prune": { "ratio": 0.3 }'));
    await stale(/Stale: the config \(prune\.ratio\) changed/);
    await save(before);
    await fresh('fresh figures after the config is back');
    await save(before.replace('"data":', '"data"'));
    const broken = await client.diagnosed(uri, 'a fault and the stale result', (found) =>
      ['config.syntax', 'result.stale'].every((code) => found.some((one) => one.code === code)),
    );
    assert.match(
      String(broken.find(({ code }) => code === 'result.stale')?.message),
      /^Stale: the config changed since/,
    );
    await save(before);
    await fresh('fresh figures after the config is whole again');

    for (const [file, what] of [
      [path.join(path.dirname(config), 'data/t10k-labels-idx1-ubyte'), /the data changed/],
      [path.join(path.dirname(config), 'weights.bin'), /the model changed/],
      [model, /the model changed/],
    ] as const) {
      const bytes = readFileSync(file);
      if (file === model) writeFileSync(file, bytes.toString().replace('"activation":"relu"', '"activation":"elu"'));
      else writeFileSync(file, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
      await client.filesChanged(file);
      await stale(what);
      client.diagnostics.delete(uri);
      writeFileSync(file, bytes);
      await client.filesChanged(file);
      await fresh('fresh figures after the file is back');
    }
  });

  it('answers hovers and lenses within 50 ms while a run is on, and cancels within 2 s', async () => {
    await save(LONG);
    const { result, progress, reported, cancel } = start('long');
    await reported('fine-tuning', /Fine-tuning/);
    const line = LONG.split('\n').findIndex((one) => one.includes('epochs'));
    const end = progress.length + 25;
    const hovers = await latencies(
      () => client.at('textDocument/hover', uri, { position: { line, character: 20 } }),
      () => progress.length >= end,
    );
    const more = progress.length + 15;
    const lenses = await latencies(
      () => client.at('textDocument/codeLens', uri),
      () => progress.length >= more,
    );
    for (const [name, times] of [
      ['hover', hovers],
      ['lenses', lenses],
    ] as const) {
      console.log(`      ${name}: ${latencyWords(times)}`);
      // On a machine that is busy with other things single answers are late wherever they come from.
      assert.ok(times[Math.floor(times.length * 0.95)]! < allowed(50), `${name}: ${times.join()}`);
    }
    const [running] = await client.at<CodeLens[]>('textDocument/codeLens', uri);
    assert.match(String(running?.command?.title), /Fine-tuning · step/);

    const engine = engineOf(client)!;
    assert.ok(isAlive(engine));
    const began = performance.now();
    cancel();
    const answer = await result;
    const took = performance.now() - began;
    console.log(`      cancelled after ${took.toFixed(0)} ms`);
    assert.ok(!answer.ok && answer.failure.kind === 'cancelled', JSON.stringify(answer).slice(0, 300));
    assert.ok(took < allowed(2_000), `${took} ms`);
    await waitFor('the end of the engine', () => !isAlive(engine), { deadlineMs: 2000 });
    await client.diagnosed(uri, 'no failure', (found) => found.every(({ severity }) => severity !== 1));
  });

  it('makes a second run wait, where everybody sees it', async () => {
    const second = path.join(path.dirname(config), 'second.fineprune.json');
    writeFileSync(second, LONG);
    const first = start('one');
    await first.reported('fine-tuning', /Fine-tuning/);
    const waiting = start('two', uriOf(second));
    await waiting.reported('that it waits', /Waiting for another run/);
    await waitFor(
      'the status',
      () => client.statuses.at(-1)?.queued === 1 && client.statuses.at(-1)?.state === 'running',
    );
    waiting.cancel();
    const answer = await waiting.result;
    assert.ok(!answer.ok && answer.failure.kind === 'cancelled');
    first.cancel();
    await first.result;
    await waitFor('the status', () => client.statuses.at(-1)?.state === 'idle');
  });

  it('turns the death of the engine into one diagnostic, and lives on', async () => {
    const { result, reported } = start('killed');
    await reported('fine-tuning', /Fine-tuning/);
    process.kill(engineOf(client)!, 'SIGKILL');
    const answer = await result;
    assert.ok(!answer.ok && answer.failure.kind === 'engine', JSON.stringify(answer).slice(0, 300));
    const [found] = await client.diagnosed(uri, 'one failure', (all) => all.length === 1 && all[0]!.severity === 1);
    assert.match(String(found!.message), /engine/i);
    assert.equal(
      LONG.split('\n')[found!.range.start.line]!.slice(found!.range.start.character, found!.range.end.character),
      '"model.json"',
    );
    const hover = await client.at<Hover>('textDocument/hover', uri, { position: { line: 1, character: 5 } });
    assert.match((hover.contents as MarkupContent).value, /`model`/);
    await save(demoConfig('"backend": "wasm"'));
    await client.diagnosed(uri, 'that an edit ends it', (all) =>
      all.every(({ severity }) => severity !== 1 || all.some(({ code }) => code === 'result.verdict')),
    );
  });

  it('puts a failure at the place in the config that it names', async () => {
    const weights = path.join(path.dirname(config), 'weights.bin');
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.subarray(0, 1000));
    const answer = await start('short').result;
    assert.ok(!answer.ok && answer.failure.kind === 'input', JSON.stringify(answer).slice(0, 300));
    const found = await client.diagnosed(uri, 'one failure', (all) => all.length === 1 && all[0]!.severity === 1);
    assert.match(String(found[0]!.message), /weights/i);
    assert.equal(found[0]!.range.start.line, 1);
    writeFileSync(weights, bytes);
    await client.filesChanged(weights);
    await client.diagnosed(uri, 'that mending the file ends it', (all) =>
      all.every(({ code }) => String(code).startsWith('result.')),
    );
  });

  it('leaves no process behind when the server is killed', async () => {
    const doomed = await LanguageClient.start([temp.dir]);
    writeFileSync(config, LONG);
    const progress = doomed.progress('doomed');
    const answer = doomed.connection.sendRequest<RunResult>(RUN_REQUEST, { configUri: uri, workDoneToken: 'doomed' });
    answer.catch(() => undefined);
    await waitFor('fine-tuning', () => JSON.stringify(progress).includes('Fine-tuning'), { deadlineMs: 90_000 });
    const engine = engineOf(doomed)!;
    doomed.server.kill('SIGKILL');
    await waitFor('the end of the engine', () => !isAlive(engine), { deadlineMs: 3000 });
    doomed.connection.dispose();
  });
});
