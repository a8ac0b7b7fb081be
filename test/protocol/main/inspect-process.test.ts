import assert from 'node:assert/strict';
import type { Settings } from '../../../server/protocol/messages/lsp';
import { isAlive } from '../../harness/alive';
import { waitFor } from '../../harness/poll';
import { engineOf } from '../children';
import { Inspector } from '../inspector';
import { LanguageClient, uriOf } from '../language-client';
import { InspectedDemo } from './inspect-support';

describe('the process that answers the inspector', function () {
  this.timeout(240_000);
  const demo = new InspectedDemo('fp-inspect-process-');

  it('ends a question that nobody waits for, and answers the next one', async () => {
    const pid = engineOf(demo.client);
    const running = demo.inspector.begin({
      kind: 'layer',
      fingerprint: demo.overview.fingerprint,
      layer: 'conv2d_2',
      state: 'before',
    });
    const waiting = demo.inspector.begin({
      kind: 'limit',
      fingerprint: demo.overview.fingerprint,
      layer: 'conv2d_2',
      state: 'before',
    });
    // The server looks at files first, so either may come to the engine before the other, and answers what both ask for.
    await Promise.any([running, waiting].map((question) => question.reported(/Analysing/)));
    waiting.cancel();
    running.cancel();
    for (const one of [await running.result, await waiting.result])
      assert.ok(!one.ok && one.failure.kind === 'cancelled', JSON.stringify(one).slice(0, 300));
    assert.equal((await demo.inspector.layer(demo.overview.fingerprint)).units, 128);
    assert.equal(engineOf(demo.client), pid, 'the same process goes on');
  });

  it('says that its engine ended while nothing was asked, and goes on with a new one', async () => {
    const pid = engineOf(demo.client)!;
    demo.inspector.ended.length = 0;
    process.kill(pid, 'SIGSEGV');
    await waitFor('the news', () => demo.inspector.ended.length > 0);
    assert.deepEqual(
      [demo.inspector.ended[0]!.failure.kind, demo.inspector.ended[0]!.failure.code],
      ['engine', 'engine.crashed'],
    );
    assert.match(String(demo.inspector.ended[0]!.failure.todo), /^Try again/);
    assert.equal((await demo.inspector.layer(demo.overview.fingerprint)).units, 128, 'the fingerprint is still good');
    assert.notEqual(engineOf(demo.client), pid);
    assert.equal(demo.inspector.ended.length, 1);
  });

  it('fails the question whose engine is killed, and goes on with a new one', async () => {
    demo.inspector.ended.length = 0;
    const running = demo.inspector.begin({
      kind: 'layer',
      fingerprint: demo.overview.fingerprint,
      layer: 'conv2d_1',
      state: 'before',
    });
    const waiting = demo.inspector.begin({ kind: 'examples', fingerprint: demo.overview.fingerprint, count: 4 });
    await running.reported(/Analysing/);
    process.kill(engineOf(demo.client)!, 'SIGKILL');
    const [first, second] = [await running.result, await waiting.result];
    assert.ok(!first.ok && first.failure.code === 'engine.outOfMemory', JSON.stringify(first).slice(0, 300));
    // The server looks at files before it asks the engine: a question that was still there then is answered by the new process.
    assert.ok(second.ok || second.failure.code === 'engine.outOfMemory', JSON.stringify(second).slice(0, 300));
    assert.equal((await demo.inspector.layer(demo.overview.fingerprint)).units, 128);
    assert.deepEqual(demo.inspector.ended, [], 'who asked has heard it already');
  });

  it('starts another process when the settings choose another engine, and finishes what was asked before', async () => {
    const pid = engineOf(demo.client);
    const change = async (settings: Partial<Settings>): Promise<void> => {
      demo.client.settings = settings;
      await demo.client.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
    };
    const before = demo.inspector.begin({
      kind: 'layer',
      fingerprint: demo.overview.fingerprint,
      layer: 'conv2d_2',
      state: 'before',
    });
    await before.reported(/Analysing/);
    await change({ backend: 'wasm' });
    const after = await demo.inspector.ask({ kind: 'open' });
    assert.equal(after.fingerprint, demo.overview.fingerprint, 'the same engine computes as before');
    assert.ok((await before.result).ok, 'the first question was answered');
    assert.notEqual(engineOf(demo.client), pid);
    await change({});
  });

  it('leaves no process behind, whether the server is stopped or killed', async () => {
    for (const how of ['stop', 'kill'] as const) {
      const doomed = await LanguageClient.start([demo.dir]);
      const last = new Inspector(doomed, uriOf(demo.config));
      const question = last.begin({
        kind: 'layer',
        fingerprint: demo.overview.fingerprint,
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
