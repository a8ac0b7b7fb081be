import { suspectedClasses } from '../../../server/protocol/report/scan';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeAction, CodeLens, Hover, InlayHint, MarkupContent } from 'vscode-languageserver-protocol/node';
import { TRUSTED_NOTIFICATION } from '../../../server/protocol/messages/lsp';
import { waitFor } from '../../harness/poll';
import { engineOf } from '../children';
import { demoConfig, makeDemo } from '../demo-folder';
import { LanguageClient, uriOf } from '../language-client';
import { ScanServer } from './scan-support';

/** A small backdoored network, scanned with the first images of MNIST. */
describe('scans through the language server', function () {
  this.timeout(240_000);
  const server = new ScanServer('fp-scans-');
  const WHOLE = { range: { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } } };

  it('finds the backdoor without being told the trigger: progress by class, result beside the config, warnings on config and model', async () => {
    const { answer, progress } = server.start('first');
    const outcome = await answer;
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const { report, file } = outcome.outcome;
    assert.equal(file, server.result);
    assert.deepEqual([report.scan.word, suspectedClasses(report.scan)], ['suspicious', [0]]);
    assert.deepEqual(JSON.parse(readFileSync(server.result, 'utf8')), report);
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

    const [warning] = await server.client.diagnosed(server.uri, 'the warning at the config', (found) =>
      found.some(({ code }) => code === 'scan.suspicious'),
    );
    assert.equal(warning!.severity, 2);
    assert.ok(String(warning!.message).startsWith(report.scan.sentence));
    assert.match(String(warning!.message), / It is the target class of the trigger in this config\.$/);
    assert.equal(
      readFileSync(server.config, 'utf8')
        .split('\n')
        [warning!.range.start.line]!.slice(warning!.range.start.character, warning!.range.end.character),
      '0',
    );

    const [found] = await server.client.diagnosed(
      uriOf(server.model),
      'the warning at the model that is not open',
      (all) => all.length === 1,
    );
    assert.equal(found!.code, 'scan.suspicious');
    assert.equal(
      readFileSync(server.model, 'utf8')
        .split('\n')
        [found!.range.start.line]!.slice(found!.range.start.character, found!.range.end.character),
      '"dense_2"',
    );
    const [related] = found!.relatedInformation!;
    assert.equal(related!.location.uri, uriOf(server.result));
    assert.match(
      readFileSync(server.result, 'utf8')
        .split('\n')
        .slice(related!.location.range.start.line, related!.location.range.start.line + 40)
        .join('\n'),
      /"target": 0/,
    );

    const status = await waitFor('the status', () =>
      server.client.statuses.find(({ state, last }) => state === 'idle' && last),
    );
    assert.deepEqual(
      [status.last?.of, status.last?.verdict, status.last?.reportUri],
      ['scan', 'suspicious', uriOf(server.result)],
    );
  });

  it('shows it in lenses, hovers, hints and quick fixes of config and model', async () => {
    const found = await server.titles(server.uri);
    assert.deepEqual(found.slice(0, 2), ['▶ Fine-Prune', 'Inspect Activations']);
    assert.match(found[2]!, /^Suspicious: class 0 · clean accuracy 9\d(\.\d)? %$/);
    const modelUri = await server.client.open(server.model, undefined, 'json');
    const diagnostics = await server.client.diagnosed(modelUri, 'the warning', (found) =>
      found.some(({ code }) => code === 'scan.suspicious'),
    );
    assert.deepEqual((await server.titles(modelUri)).slice(0, 2), ['▶ Fine-Prune Model', found[2]]);
    const hover = await server.client.at<Hover>('textDocument/hover', modelUri, {
      position: { ...diagnostics[0]!.range.start, character: diagnostics[0]!.range.start.character + 2 },
    });
    assert.match(
      (hover.contents as MarkupContent).value,
      /Suspicious: class 0.*!\[mask of class 0\]\(data:image\/png;base64,/s,
    );
    const actions = await server.client.at<CodeAction[]>('textDocument/codeAction', modelUri, {
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
    assert.deepEqual(Object.keys(actions[0]!.edit!.changes!), [server.uri]);
    assert.deepEqual(actions[3]!.command!.arguments, [server.uri, { layer: 'dense_1' }]);
    await server.client.close(modelUri);
    await server.client.change(server.uri, 2, demoConfig().replace(/"trigger": \{.*?\}/, '"trigger": "inverted"'));
    await server.client.diagnosed(
      server.uri,
      'the warning at the trigger',
      (found) => found.length === 1 && found[0]!.code === 'scan.suspicious',
    );
    const hints = await server.client.at<InlayHint[]>('textDocument/inlayHint', server.uri, WHOLE);
    assert.ok(
      hints.some(({ label }) => label === 'estimated · Suspicious: class 0'),
      JSON.stringify(hints),
    );
    await server.client.change(server.uri, 3, demoConfig());
  });

  it('takes the same bytes from an earlier scan', async () => {
    const began = performance.now();
    const again = await server.start('again').answer;
    assert.ok(again.ok && again.outcome.cached, JSON.stringify(again).slice(0, 300));
    console.log(`      again after ${(performance.now() - began).toFixed(0)} ms`);
    assert.deepEqual(JSON.parse(readFileSync(server.result, 'utf8')), again.outcome.report);
  });

  it('explains the result in its own text', async () => {
    const text = readFileSync(server.result, 'utf8');
    const opened = await server.client.open(server.result, undefined, 'json');
    const [warning] = await server.client.diagnosed(opened, 'the warning', (found) => found.length === 1);
    assert.equal(text.split('\n')[warning!.range.start.line]!.trim(), '"word": "suspicious"');
    assert.deepEqual(
      (await server.client.at<CodeLens[]>('textDocument/codeLens', opened)).map(({ command }) => [
        command!.title,
        command!.arguments,
      ]),
      [
        ['Repair …', [server.uri]],
        ['Scan Again', [server.uri]],
      ],
    );
    const line = text.split('\n').findIndex((one) => one.includes('"mask"'));
    const hover = await server.client.at<Hover>('textDocument/hover', opened, { position: { line, character: 60 } });
    assert.match(
      (hover.contents as MarkupContent).value,
      /\*\*Class 0\*\* · estimated trigger · \*\*suspicious\*\*\n\n!\[mask/,
    );
    const actions = await server.client.at<CodeAction[]>('textDocument/codeAction', opened, {
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

    await server.client.change(opened, 2, text.replace('"suspicious"', '"clean"'));
    const [broken] = await server.client.diagnosed(
      opened,
      'the fault',
      (found) => found.length === 1 && found[0]!.severity === 1,
    );
    assert.equal(broken!.code, 'scan.schema');
    assert.equal(broken!.range.start.line, warning!.range.start.line);
    await server.client.change(opened, 3, '{ "ports": [22, 80] }');
    await server.client.diagnosed(opened, 'nothing about a file of somebody else', (found) => found.length === 0);
    await server.client.close(opened);
  });

  it('says nothing about a model that has changed since, and says so in the result', async () => {
    const weights = path.join(path.dirname(server.config), 'weights.bin');
    const bytes = readFileSync(weights);
    const opened = await server.client.open(server.result, undefined, 'json');
    await server.client.diagnosed(opened, 'the warning', (found) => found.length === 1);
    writeFileSync(weights, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
    server.client.diagnostics.delete(opened);
    await server.client.filesChanged(weights);
    const [stale] = await server.client.diagnosed(
      opened,
      'that it is stale',
      (found) => found.length === 1 && found[0]!.code === 'scan.stale',
    );
    assert.match(String(stale!.message), /^Stale: the model changed since this scan/);
    await server.client.diagnosed(server.uri, 'nothing at the config', (found) => found.length === 0);
    await server.client.diagnosed(uriOf(server.model), 'nothing at the model', (found) => found.length === 0);
    const lens = (await server.client.at<CodeLens[]>('textDocument/codeLens', server.uri))[2]!;
    assert.deepEqual(
      [lens.command!.title, lens.command!.tooltip],
      ['Scan for Backdoors', 'Stale: the model changed since this scan. Scan again to update it.'],
    );
    writeFileSync(weights, bytes);
    await server.client.filesChanged(weights);
    await server.client.diagnosed(server.uri, 'the warning once more', (found) =>
      found.some(({ code }) => code === 'scan.suspicious'),
    );
    await server.client.close(opened);
  });

  it('reads the result when it starts', async () => {
    const other = await LanguageClient.start([server.dir]);
    try {
      await other.open(server.config);
      await other.diagnosed(server.uri, 'the warning', (found) => found.some(({ code }) => code === 'scan.suspicious'));
      await other.diagnosed(uriOf(server.model), 'the warning at the model', (found) =>
        found.some(({ code }) => code === 'scan.suspicious'),
      );
    } finally {
      await other.stop();
    }
  });

  it('names the place in the config when its data do not do', async () => {
    const few = await makeDemo(path.join(server.dir, 'few'), { train: 20, test: 20 });
    const answer = await server.start('few-of-config', { uri: uriOf(few) }).answer;
    assert.ok(!answer.ok);
    assert.equal(answer.failure.code, 'scan.tooFewImages');
    assert.equal(answer.failure.file, few);
    assert.match(String(answer.failure.place), /^\/data\/train\/images, line 4:/);
  });

  it('is refused while the workspace is not trusted, with the reason, and answered as soon as it is', async () => {
    const careful = await LanguageClient.start([server.dir], { trusted: false });
    try {
      const refused = await server.start('untrusted', {}, careful).answer;
      assert.ok(!refused.ok);
      assert.deepEqual([refused.failure.code, engineOf(careful)], ['run.untrusted', undefined]);
      assert.match(refused.failure.message, /not trusted/);
      await careful.connection.sendNotification(TRUSTED_NOTIFICATION);
      const answered = await server.start('trusted', {}, careful).answer;
      assert.ok(answered.ok, JSON.stringify(answered));
    } finally {
      await careful.stop();
    }
  });
});
