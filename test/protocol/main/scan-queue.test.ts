import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CancellationTokenSource } from 'vscode-languageserver-protocol/node';
import { RUN_REQUEST, type RunResult } from '../../../server/protocol/messages/lsp';
import { isAlive } from '../../harness/alive';
import { waitFor } from '../../harness/poll';
import { engineOf } from '../children';
import { demoConfig } from '../demo-folder';
import { uriOf } from '../language-client';
import { ScanServer } from './scan-support';
import { allowed } from '../../harness/busy';

describe('a scan in the queue of the language server', function () {
  this.timeout(240_000);
  const server = new ScanServer('fp-scan-queue-');

  it('is cancelled within 2 s, and leaves nothing', async () => {
    const { answer, reported, cancel } = server.start('cancelled');
    await reported('the search', /Searching for a trigger for each class/);
    const engine = engineOf(server.client)!;
    assert.ok(isAlive(engine));
    const running = await server.titles(server.uri);
    assert.match(running[2]!, /^\$\(sync~spin\) .*\(\d+ %\)$/);
    const began = performance.now();
    cancel();
    const cancelled = await answer;
    const took = performance.now() - began;
    assert.ok(!cancelled.ok && cancelled.failure.kind === 'cancelled', JSON.stringify(cancelled).slice(0, 300));
    assert.ok(took < allowed(2_000), `${took} ms`);
    await waitFor('the end of the engine', () => !isAlive(engine), { deadlineMs: 2000 });
    assert.ok(!existsSync(server.result));
    assert.deepEqual((await server.titles(server.uri)).slice(1), ['Inspect Activations', 'Scan for Backdoors']);
    assert.deepEqual(
      readdirSync(path.dirname(server.config)).filter((name) => name.endsWith('.lock')),
      [],
    );
  });

  it('waits for a run, in the same queue', async () => {
    const long = path.join(path.dirname(server.config), 'long.fineprune.json');
    writeFileSync(long, demoConfig('"backend": "wasm",\n  "fineTune": { "epochs": 1000 }'));
    const running = new CancellationTokenSource();
    const run = server.client.connection.sendRequest<RunResult>(
      RUN_REQUEST,
      { configUri: uriOf(long), workDoneToken: 'run' },
      running.token,
    );
    const waiting = server.start('waiting');
    await waiting.reported('that it waits', /Waiting for another run/);
    await waitFor('the status', () => server.client.statuses.at(-1)?.queued === 1);
    waiting.cancel();
    const answer = await waiting.answer;
    assert.ok(!answer.ok && answer.failure.kind === 'cancelled');
    running.cancel();
    await run;
  });
});
