import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  CancellationTokenSource,
  type CodeAction,
  type CodeLens,
  type Hover,
  type InlayHint,
  type MarkupContent,
} from 'vscode-languageserver-protocol/node';
import {
  RUN_REQUEST,
  SCAN_REQUEST,
  TRUSTED_NOTIFICATION,
  type RunResult,
  type ScanAnswer,
  type ScanParams,
} from '../../../server/protocol/messages/lsp';
import { isAlive } from '../../harness/alive';
import { waitFor } from '../../harness/poll';
import { ownCache } from '../../harness/own-cache';
import { makeTempDir } from '../../harness/processes';
import { engineOf } from '../children';
import { demoConfig, makeDemo, makeSmallDemo } from '../demo-folder';
import { LanguageClient, uriOf } from '../language-client';

/** A small backdoored network, scanned with the first images of MNIST. */
describe('scans through the language server', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-scans-');
  let client: LanguageClient;
  let config: string;
  let model: string;
  let result: string;
  let uri: string;
  const WHOLE = { range: { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } } };

  const cacheBefore = process.env.FINE_PRUNE_CACHE;
  before(async () => {
    process.env.FINE_PRUNE_CACHE = ownCache(temp.dir);
    config = await makeSmallDemo(temp.dir, { train: 800, test: 300 }, demoConfig());
    model = path.join(path.dirname(config), 'model.json');
    result = path.join(path.dirname(config), 'demo.scan.json');
    client = await LanguageClient.start([temp.dir]);
    uri = await client.open(config);
  });
  after(async () => {
    await client.stop();
    if (cacheBefore === undefined) delete process.env.FINE_PRUNE_CACHE;
    else process.env.FINE_PRUNE_CACHE = cacheBefore;
    await temp.remove();
  });

  function start(token: string, params: Partial<ScanParams> = {}, of = client) {
    const cancelling = new CancellationTokenSource();
    const progress = of.progress(token);
    const answer = of.connection.sendRequest<ScanAnswer>(
      SCAN_REQUEST,
      { uri, workDoneToken: token, ...params },
      cancelling.token,
    );
    const reported = (what: string, pattern: RegExp) =>
      waitFor(
        `${what}; last: ${JSON.stringify(progress.at(-1))}`,
        () => progress.some((p) => pattern.test(JSON.stringify(p))),
        { deadlineMs: 90_000 },
      );
    return { answer, progress, reported, cancel: () => cancelling.cancel() };
  }
  const titles = async (file: string): Promise<string[]> =>
    (await client.at<CodeLens[]>('textDocument/codeLens', file)).map(({ command }) => command!.title);

  it('is cancelled within 2 s, and leaves nothing', async () => {
    const { answer, reported, cancel } = start('cancelled');
    await reported('the search', /Searching a trigger for every class/);
    const engine = engineOf(client)!;
    assert.ok(isAlive(engine));
    const running = await titles(uri);
    assert.match(running[2]!, /^\$\(sync~spin\) .*\(\d+ %\)$/);
    const began = performance.now();
    cancel();
    const cancelled = await answer;
    const took = performance.now() - began;
    assert.ok(!cancelled.ok && cancelled.failure.kind === 'cancelled', JSON.stringify(cancelled).slice(0, 300));
    assert.ok(took < 2000, `${took} ms`);
    await waitFor('the end of the engine', () => !isAlive(engine), { deadlineMs: 2000 });
    assert.ok(!existsSync(result));
    assert.deepEqual((await titles(uri)).slice(1), ['Inspect Activations', 'Scan for Backdoors']);
    assert.deepEqual(
      readdirSync(path.dirname(config)).filter((name) => name.endsWith('.lock')),
      [],
    );
  });

  it('finds the backdoor without being told the trigger: progress by class, result beside the config, warnings on config and model', async () => {
    const { answer, progress } = start('first');
    const outcome = await answer;
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const { report, file } = outcome.outcome;
    assert.equal(file, result);
    assert.deepEqual([report.scan.word, report.scan.flagged], ['suspicious', [0]]);
    assert.deepEqual(JSON.parse(readFileSync(result, 'utf8')), report);
    assert.deepEqual(report.data.clean, {
      images: 'data/train-images-idx3-ubyte',
      labels: 'data/train-labels-idx1-ubyte',
    });
    assert.equal(report.model.path, 'model.json');

    assert.equal(progress[0]?.kind, 'begin');
    await waitFor('the end of the progress', () => progress.at(-1)?.kind === 'end');
    const messages = progress.flatMap((p) => (p.kind === 'report' && p.message ? [p.message] : []));
    assert.ok(
      messages.some((message) =>
        /smallest mask so far: class 0, [\d.]+ pixels \(0\.\d\d of the median\)$/.test(message),
      ),
      messages.slice(-4).join('\n'),
    );

    const [warning] = await client.diagnosed(uri, 'the warning at the config', (found) =>
      found.some(({ code }) => code === 'scan.suspicious'),
    );
    assert.equal(warning!.severity, 2);
    assert.ok(String(warning!.message).startsWith(report.scan.sentence));
    assert.match(String(warning!.message), / It is the target class of the trigger in this config\.$/);
    assert.equal(
      readFileSync(config, 'utf8')
        .split('\n')
        [warning!.range.start.line]!.slice(warning!.range.start.character, warning!.range.end.character),
      '0',
    );

    const [found] = await client.diagnosed(
      uriOf(model),
      'the warning at the model that is not open',
      (all) => all.length === 1,
    );
    assert.equal(found!.code, 'scan.suspicious');
    assert.equal(
      readFileSync(model, 'utf8')
        .split('\n')
        [found!.range.start.line]!.slice(found!.range.start.character, found!.range.end.character),
      '"dense_2"',
    );
    const [related] = found!.relatedInformation!;
    assert.equal(related!.location.uri, uriOf(result));
    assert.match(
      readFileSync(result, 'utf8')
        .split('\n')
        .slice(related!.location.range.start.line, related!.location.range.start.line + 40)
        .join('\n'),
      /"target": 0/,
    );

    const status = await waitFor('the status', () =>
      client.statuses.find(({ state, last }) => state === 'idle' && last),
    );
    assert.deepEqual(
      [status.last?.of, status.last?.verdict, status.last?.reportUri],
      ['scan', 'suspicious', uriOf(result)],
    );
  });

  it('shows it in lenses, hovers, hints and quick fixes of config and model', async () => {
    const found = await titles(uri);
    assert.deepEqual(found.slice(0, 2), ['▶ Fine-Prune', 'Inspect Activations']);
    assert.match(found[2]!, /^Suspicious: class 0 · clean accuracy 9\d(\.\d)? %$/);
    const modelUri = await client.open(model, undefined, 'json');
    const diagnostics = await client.diagnosed(modelUri, 'the warning', (found) =>
      found.some(({ code }) => code === 'scan.suspicious'),
    );
    assert.deepEqual((await titles(modelUri)).slice(0, 2), ['▶ Fine-Prune Model', found[2]]);
    const hover = await client.at<Hover>('textDocument/hover', modelUri, {
      position: { ...diagnostics[0]!.range.start, character: diagnostics[0]!.range.start.character + 2 },
    });
    assert.match(
      (hover.contents as MarkupContent).value,
      /Suspicious: class 0.*!\[mask of class 0\]\(data:image\/png;base64,/s,
    );
    const actions = await client.at<CodeAction[]>('textDocument/codeAction', modelUri, {
      range: diagnostics[0]!.range,
      context: { diagnostics },
    });
    assert.deepEqual(
      actions.map(({ title }) => title),
      [
        'Use the estimated trigger',
        'Repair with the guided strategy',
        'Try all repairs, one after the other',
        'Inspect neurons',
      ],
    );
    assert.deepEqual(Object.keys(actions[0]!.edit!.changes!), [uri]);
    assert.deepEqual(actions[3]!.command!.arguments, [uri, { layer: 'dense_1' }]);
    await client.close(modelUri);
    await client.change(uri, 2, demoConfig().replace(/"trigger": \{.*?\}/, '"trigger": "inverted"'));
    await client.diagnosed(
      uri,
      'the warning at the trigger',
      (found) => found.length === 1 && found[0]!.code === 'scan.suspicious',
    );
    const hints = await client.at<InlayHint[]>('textDocument/inlayHint', uri, WHOLE);
    assert.ok(
      hints.some(({ label }) => label === 'estimated · Suspicious: class 0'),
      JSON.stringify(hints),
    );
    await client.change(uri, 3, demoConfig());
  });

  it('takes the same bytes from an earlier scan', async () => {
    const began = performance.now();
    const again = await start('again').answer;
    assert.ok(again.ok && again.outcome.cached, JSON.stringify(again).slice(0, 300));
    console.log(`      again after ${(performance.now() - began).toFixed(0)} ms`);
    assert.deepEqual(JSON.parse(readFileSync(result, 'utf8')), again.outcome.report);
  });

  it('explains the result in its own text', async () => {
    const text = readFileSync(result, 'utf8');
    const opened = await client.open(result, undefined, 'json');
    const [warning] = await client.diagnosed(opened, 'the warning', (found) => found.length === 1);
    assert.equal(text.split('\n')[warning!.range.start.line]!.trim(), '"word": "suspicious"');
    assert.deepEqual(
      (await client.at<CodeLens[]>('textDocument/codeLens', opened)).map(({ command }) => [
        command!.title,
        command!.arguments,
      ]),
      [
        ['Repair …', [uri]],
        ['Scan Again', [uri]],
      ],
    );
    const line = text.split('\n').findIndex((one) => one.includes('"mask"'));
    const hover = await client.at<Hover>('textDocument/hover', opened, { position: { line, character: 60 } });
    assert.match(
      (hover.contents as MarkupContent).value,
      /\*\*Class 0\*\* · estimated trigger · \*\*suspicious\*\*\n\n!\[mask/,
    );
    const actions = await client.at<CodeAction[]>('textDocument/codeAction', opened, {
      range: warning!.range,
      context: { diagnostics: [warning] },
    });
    assert.deepEqual(
      actions.map(({ title }) => title),
      [
        'Use the estimated trigger',
        'Repair with the guided strategy',
        'Try all repairs, one after the other',
        'Inspect neurons',
      ],
    );

    await client.change(opened, 2, text.replace('"suspicious"', '"clean"'));
    const [broken] = await client.diagnosed(
      opened,
      'the fault',
      (found) => found.length === 1 && found[0]!.severity === 1,
    );
    assert.equal(broken!.code, 'scan.schema');
    assert.equal(broken!.range.start.line, warning!.range.start.line);
    await client.change(opened, 3, '{ "ports": [22, 80] }');
    await client.diagnosed(opened, 'nothing about a file of somebody else', (found) => found.length === 0);
    await client.close(opened);
  });

  it('says nothing about a model that has changed since, and says so in the result', async () => {
    const weights = path.join(path.dirname(config), 'weights.bin');
    const bytes = readFileSync(weights);
    const opened = await client.open(result, undefined, 'json');
    await client.diagnosed(opened, 'the warning', (found) => found.length === 1);
    writeFileSync(weights, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
    client.diagnostics.delete(opened);
    await client.filesChanged(weights);
    const [stale] = await client.diagnosed(
      opened,
      'that it is stale',
      (found) => found.length === 1 && found[0]!.code === 'scan.stale',
    );
    assert.match(String(stale!.message), /^Stale: the model changed since this scan/);
    await client.diagnosed(uri, 'nothing at the config', (found) => found.length === 0);
    await client.diagnosed(uriOf(model), 'nothing at the model', (found) => found.length === 0);
    const lens = (await client.at<CodeLens[]>('textDocument/codeLens', uri))[2]!;
    assert.deepEqual(
      [lens.command!.title, lens.command!.tooltip],
      ['Scan for Backdoors', 'Stale: the model changed since this scan. Scan again to renew it.'],
    );
    writeFileSync(weights, bytes);
    await client.filesChanged(weights);
    await client.diagnosed(uri, 'the warning once more', (found) =>
      found.some(({ code }) => code === 'scan.suspicious'),
    );
    await client.close(opened);
  });

  it('reads the result when it starts', async () => {
    const other = await LanguageClient.start([temp.dir]);
    try {
      await other.open(config);
      await other.diagnosed(uri, 'the warning', (found) => found.some(({ code }) => code === 'scan.suspicious'));
      await other.diagnosed(uriOf(model), 'the warning at the model', (found) =>
        found.some(({ code }) => code === 'scan.suspicious'),
      );
    } finally {
      await other.stop();
    }
  });

  it('waits for a run, in the same queue', async () => {
    const long = path.join(path.dirname(config), 'long.fineprune.json');
    writeFileSync(long, demoConfig('"backend": "wasm",\n  "fineTune": { "epochs": 1000 }'));
    const running = new CancellationTokenSource();
    const run = client.connection.sendRequest<RunResult>(
      RUN_REQUEST,
      { configUri: uriOf(long), workDoneToken: 'run' },
      running.token,
    );
    const waiting = start('waiting');
    await waiting.reported('that it waits', /Waiting for another run/);
    await waitFor('the status', () => client.statuses.at(-1)?.queued === 1);
    waiting.cancel();
    const answer = await waiting.answer;
    assert.ok(!answer.ok && answer.failure.kind === 'cancelled');
    running.cancel();
    await run;
  });

  describe('of a model without a config', () => {
    let folder: string;
    let alone: string;
    before(() => {
      folder = path.join(temp.dir, 'alone');
      mkdirSync(folder);
      for (const name of ['model.json', 'weights.bin'])
        copyFileSync(path.join(path.dirname(config), name), path.join(folder, name));
      alone = path.join(folder, 'model.json');
    });
    const clean = () => {
      const relative = (name: string): string => path.relative(folder, path.join(path.dirname(config), 'data', name));
      return { images: relative('train-images-idx3-ubyte'), labels: relative('train-labels-idx1-ubyte') };
    };

    it('needs clean data, and says so', async () => {
      const answer = await start('no-data', { uri: uriOf(alone) }).answer;
      assert.ok(!answer.ok);
      assert.deepEqual([answer.failure.kind, answer.failure.code], ['input', 'scan.noData']);
    });

    it('is scanned with those that are given: result beside it, warning on it, repair by a config to be made', async () => {
      const answer = await start('alone', { uri: uriOf(alone), clean: clean() }).answer;
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.equal(answer.outcome.file, path.join(folder, 'alone.scan.json'));
      assert.deepEqual(answer.outcome.report.scan.flagged, [0]);
      const modelUri = uriOf(alone);
      const diagnostics = await client.diagnosed(
        modelUri,
        'the warning at the model that is not open',
        (found) => found.length === 1 && found[0]!.code === 'scan.suspicious',
      );
      await client.open(alone, undefined, 'json');
      await client.diagnosed(modelUri, 'the warning at the open model', (found) => found.length === 1);
      assert.match((await titles(modelUri))[1]!, /^Suspicious: class 0 · clean accuracy 9/);
      const actions = await client.at<CodeAction[]>('textDocument/codeAction', modelUri, {
        range: diagnostics[0]!.range,
        context: { diagnostics },
      });
      assert.deepEqual(
        actions.map(({ title, command }) => [title, command?.command, command?.arguments?.[0] as unknown]),
        [
          ['Repair …', 'finePrune.repair', modelUri],
          ['Inspect neurons', 'finePrune.inspect', modelUri],
        ],
      );
      await client.close(modelUri);
    });

    it('is refused data outside of the workspace, with a place to allow it', async () => {
      const outside = await makeDemo(path.join(folder, 'outside'), { train: 60, test: 60 });
      const answer = await start('outside', {
        uri: uriOf(alone),
        clean: {
          images: '../../../etc/hostname',
          labels: path.relative(folder, path.join(path.dirname(outside), 'data', 'train-labels-idx1-ubyte')),
        },
      }).answer;
      assert.ok(!answer.ok);
      assert.equal(answer.failure.code, 'path.outside');
      assert.match(String(answer.failure.todo), /finePrune\.dataFolders/);
    });

    it('names no place in a config when the data do not do', async () => {
      const few = path.dirname(await makeDemo(path.join(folder, 'few'), { train: 20, test: 20 }));
      const data = (name: string): string => path.relative(folder, path.join(few, 'data', name));
      const answer = await start('few', {
        uri: uriOf(alone),
        clean: { images: data('train-images-idx3-ubyte'), labels: data('train-labels-idx1-ubyte') },
      }).answer;
      assert.ok(!answer.ok);
      assert.deepEqual([answer.failure.code, answer.failure.place], ['scan.tooFewImages', undefined]);
    });
  });

  it('names the place in the config when its data do not do', async () => {
    const few = await makeDemo(path.join(temp.dir, 'few'), { train: 20, test: 20 });
    const answer = await start('few-of-config', { uri: uriOf(few) }).answer;
    assert.ok(!answer.ok);
    assert.equal(answer.failure.code, 'scan.tooFewImages');
    assert.equal(answer.failure.file, few);
    assert.match(String(answer.failure.place), /^\/data\/train\/images, line 4:/);
  });

  it('is refused while the workspace is not trusted, with the reason, and answered as soon as it is', async () => {
    const careful = await LanguageClient.start([temp.dir], { trusted: false });
    try {
      const refused = await start('untrusted', {}, careful).answer;
      assert.ok(!refused.ok);
      assert.deepEqual([refused.failure.code, engineOf(careful)], ['run.untrusted', undefined]);
      assert.match(refused.failure.message, /not trusted/);
      await careful.connection.sendNotification(TRUSTED_NOTIFICATION);
      const answered = await start('trusted', {}, careful).answer;
      assert.ok(answered.ok, JSON.stringify(answered));
    } finally {
      await careful.stop();
    }
  });
});
