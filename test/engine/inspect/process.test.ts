import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { serveInspections } from '../../../server/engine/inspect/serve';
import type { InspectQuery, LayerData, Overview } from '../../../server/protocol/messages/inspect';
import type { InspectCommand, InspectEvent, InspectSubject } from '../../../server/protocol/messages/inspect-engine';
import { isAlive } from '../../harness/alive';
import { built } from '../../harness/built';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { subjectOf } from './support';

/** Collects events, and waits for those of a question. */
class Events {
  readonly all: InspectEvent[] = [];
  readonly push = (event: InspectEvent): void => void this.all.push(event);

  private ended(id: number) {
    return this.all.find((e) => (e.type === 'answer' || e.type === 'refused') && e.id === id);
  }

  async answer<T>(id: number): Promise<T> {
    const event = await waitFor(`the answer to question ${id}`, () => this.ended(id), {
      deadlineMs: 60_000,
      intervalMs: 5,
    });
    assert.equal(event.type, 'answer', JSON.stringify(event));
    return (event as unknown as { answer: T }).answer;
  }

  async failure(id: number): Promise<string> {
    const event = await waitFor(`the refusal of question ${id}`, () => this.ended(id), {
      deadlineMs: 60_000,
      intervalMs: 5,
    });
    assert.ok(event.type === 'refused', JSON.stringify(event));
    return event.failure.kind === 'cancelled' ? 'cancelled' : event.failure.code;
  }

  /** Ids of the questions that have an end, in the order of their ends. */
  get order(): number[] {
    return this.all.flatMap((e) => (e.type === 'answer' || e.type === 'refused' ? [e.id] : []));
  }
}

describe('the server of questions', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-serve-');
  let subject: InspectSubject;
  let lastId = 0;
  const query = (asked: InspectQuery, of = subject): Extract<InspectCommand, { type: 'query' }> => ({
    type: 'query',
    id: ++lastId,
    subject: of,
    query: asked,
  });
  before(async () => {
    subject = subjectOf(await makeDemo(temp.dir, { train: 100, test: 600 }, demoConfig()), 'wasm');
  });
  after(() => temp.remove());

  it('answers in order, refuses what is cancelled at once, and goes on after a failure', async () => {
    const events = new Events();
    const server = serveInspections(events.push);
    const ask = (asked: InspectQuery, of?: InspectSubject): number => {
      const command = query(asked, of);
      server.handle(command);
      return command.id;
    };
    const open = ask({ kind: 'open' });
    const missing = ask({ kind: 'open' }, { ...subject, config: path.join(temp.dir, 'none.fineprune.json') });
    const { fingerprint } = await events.answer<Overview>(open);
    assert.equal(await events.failure(missing), 'config.missing');

    const layer = (name: string): InspectQuery => ({ kind: 'layer', fingerprint, layer: name, state: 'before' });
    const slow = ask(layer('conv2d_1'));
    const waiting = ask(layer('conv2d_2'));
    const cheap = ask({ kind: 'examples', fingerprint, count: 2 });
    server.handle({ type: 'cancel-query', id: waiting });
    assert.equal(await events.failure(waiting), 'cancelled');
    assert.ok(!events.order.includes(slow), 'refused while another one is still being answered');
    await waitFor(
      'progress',
      () => events.all.some((e) => e.type === 'progress-query' && e.id === slow && e.overall > 0),
      { intervalMs: 1 },
    );
    server.handle({ type: 'cancel-query', id: slow });
    assert.equal(await events.failure(slow), 'cancelled');
    await events.answer(cheap);
    assert.deepEqual(events.order, [open, missing, waiting, slow, cheap]);
    assert.ok(
      events.all.every((e) => !(e.type === 'progress-query' && e.id === waiting)),
      'no work was done for it',
    );

    server.handle({ type: 'cancel-query', id: cheap });
    server.handle({ type: 'cancel-query', id: 12_345 });
    const wrong = ask({ kind: 'unit', fingerprint, layer: 'dense_1', state: 'before', unit: 1e9 });
    const stale = ask({
      ...(layer('dense_1') as Extract<InspectQuery, { kind: 'layer' }>),
      fingerprint: 'of another time',
    });
    const malformed = ask({
      kind: 'mask',
      fingerprint,
      layer: 'dense_1',
      state: 'before',
      units: 7,
      scope: 'quick',
    } as unknown as InspectQuery);
    const last = ask(layer('dense_1'));
    assert.deepEqual(
      [await events.failure(wrong), await events.failure(stale), await events.failure(malformed)],
      ['inspect.noSuchUnit', 'inspect.changed', 'engine.internal'],
    );
    assert.equal((await events.answer<LayerData>(last)).units, 128);
  });

  it('tells progress at most ten times a second and title', async () => {
    const events = new Events();
    const server = serveInspections(events.push);
    const opening = query({ kind: 'open' });
    server.handle(opening);
    const { fingerprint } = await events.answer<Overview>(opening.id);
    const asked = query({ kind: 'layer', fingerprint, layer: 'conv2d_2', state: 'before' });
    const began = performance.now();
    server.handle(asked);
    await events.answer(asked.id);
    const seconds = (performance.now() - began) / 1000;
    const progress = events.all.flatMap((e) => (e.type === 'progress-query' && e.id === asked.id ? [e] : []));
    const titles = new Set(progress.map(({ title }) => title));
    assert.equal(titles.size, 3);
    assert.ok(progress.length <= titles.size + 10 * seconds, `${progress.length} events in ${seconds} s`);
  });

  describe('in a process of its own', () => {
    const children: ChildProcess[] = [];
    const start = (): { child: ChildProcess; events: Events } => {
      const child = fork(built('worker'), {
        execArgv: [],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      const events = new Events();
      child.on('message', (event: InspectEvent) => events.push(event));
      children.push(child);
      return { child, events };
    };
    after(() => children.forEach((child) => child.kill('SIGKILL')));

    it('answers with typed arrays until its parent lets go', async () => {
      const { child, events } = start();
      await waitFor('the engine', () => events.all.some(({ type }) => type === 'ready'));
      child.send({ type: 'inspect' } satisfies InspectCommand);
      const ask = (asked: InspectQuery, of?: InspectSubject): number => {
        const command = query(asked, of);
        child.send(command);
        return command.id;
      };
      const { fingerprint } = await events.answer<Overview>(ask({ kind: 'open' }));
      assert.equal(
        await events.failure(ask({ kind: 'layer', fingerprint, layer: 'none', state: 'before' })),
        'layer.unknown',
      );
      const data = await events.answer<LayerData>(
        ask({ kind: 'layer', fingerprint, layer: 'dense_1', state: 'before' }),
      );
      assert.ok(
        data.cleanMean instanceof Float32Array &&
          data.dead instanceof Uint8Array &&
          data.order instanceof Int32Array &&
          data.curve.correct instanceof Int32Array,
      );
      assert.deepEqual([data.cleanMean.length, data.curve.pruned.length], [128, 129]);
      const masked = await events.answer<{ units: number }>(
        ask({
          kind: 'mask',
          fingerprint,
          layer: 'dense_1',
          state: 'before',
          units: data.order.slice(0, 7),
          scope: 'quick',
        }),
      );
      assert.equal(masked.units, 7);
      const { pid } = child;
      child.disconnect();
      await waitFor('the process to end', () => !isAlive(pid!));
    });
  });
});
