import assert from 'node:assert/strict';
import path from 'node:path';
import { InspectorProcess, type InspectorOptions } from '../../../server/jobs/inspector-process';
import { FinePruneError, type Failure } from '../../../server/protocol/errors';
import type { InspectQuery } from '../../../server/protocol/messages/inspect';
import type { InspectSubject } from '../../../server/protocol/messages/inspect-engine';
import { isAlive } from '../../harness/alive';
import { built } from '../../harness/built';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../demo-folder';

const OPEN: InspectQuery = { kind: 'open' };

describe("the inspector's process", function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-inspector-');
  const open: InspectorProcess[] = [];
  const ended: Failure[] = [];
  let subject: InspectSubject;

  before(async () => {
    const config = await makeDemo(
      temp.dir,
      { train: 200, test: 200 },
      demoConfig().replace('"data": {', '"backend": "wasm",\n  "data": {\n    "holdout": 0,'),
    );
    subject = { config, root: temp.dir, allowedFolders: [], defended: null };
  });
  afterEach(() => {
    for (const one of open.splice(0)) one.dispose();
    ended.length = 0;
  });
  after(() => temp.remove());

  function make(options: Partial<InspectorOptions> = {}): InspectorProcess {
    const made = new InspectorProcess({
      workerPath: built('worker'),
      onEnded: (failure) => void ended.push(failure),
      onLog: () => undefined,
      ...options,
    });
    open.push(made);
    return made;
  }

  const never = () => new AbortController().signal;
  const ask = (inspector: InspectorProcess, query: InspectQuery = OPEN, signal = never(), about = subject) =>
    inspector.ask(about, query, { signal });
  const failsWith = (code: string) => (error: unknown) => error instanceof FinePruneError && error.code === code;

  async function fingerprint(inspector: InspectorProcess): Promise<string> {
    const answer = await ask(inspector);
    assert.equal(answer.kind, 'open');
    return (answer as { fingerprint: string }).fingerprint;
  }

  it('starts with the first question, and serves all of them', async () => {
    const inspector = make();
    assert.equal(inspector.pid, undefined);
    const [one, two] = await Promise.all([ask(inspector), ask(inspector)]);
    assert.deepEqual(one, two);
    assert.ok(isAlive(inspector.pid!));
  });

  it('ends quietly when nobody has asked for a while, and starts again', async () => {
    const inspector = make({ idleMs: 1 });
    await ask(inspector);
    await waitFor('the end', () => inspector.pid === undefined);
    await ask(inspector);
    assert.equal(ended.length, 0, ended[0]?.message);
  });

  it('drops a question that is cancelled while the process starts', async () => {
    const inspector = make();
    const stop = new AbortController();
    const dropped = ask(inspector, OPEN, stop.signal);
    const kept = ask(inspector);
    stop.abort();
    await assert.rejects(dropped, failsWith('cancelled'));
    assert.equal((await kept).kind, 'open');
    await assert.rejects(ask(inspector, OPEN, AbortSignal.abort()), failsWith('cancelled'));
  });

  it('replaces a process that does not let go of a cancelled question, and asks the others again', async () => {
    const inspector = make({ cancelWithinMs: 0 });
    const known = await fingerprint(inspector);
    const pid = inspector.pid;
    const stop = new AbortController();
    const layer = (name: string): InspectQuery => ({ kind: 'layer', fingerprint: known, layer: name, state: 'before' });
    // A process that is stopped answers nothing, like one in a long native operation.
    process.kill(pid!, 'SIGSTOP');
    const stuck = ask(inspector, layer('conv2d_1'), stop.signal);
    const other = ask(inspector, layer('dense_1'));
    stop.abort();
    await assert.rejects(stuck, failsWith('cancelled'));
    assert.equal((await other).kind, 'layer');
    assert.notEqual(inspector.pid, pid);
    assert.equal(isAlive(pid!), false);
    assert.equal(ended.length, 0, ended[0]?.message);
  });

  it('leaves the process to the question that it is at when only a later one is cancelled', async () => {
    const inspector = make({ cancelWithinMs: 0 });
    await ask(inspector);
    const pid = inspector.pid!;
    const stop = new AbortController();
    process.kill(pid, 'SIGSTOP');
    const wanted = ask(inspector);
    const unwanted = ask(inspector, OPEN, stop.signal);
    stop.abort();
    await assert.rejects(unwanted, failsWith('cancelled'));
    process.kill(pid, 'SIGCONT');
    assert.equal((await wanted).kind, 'open');
    assert.equal(inspector.pid, pid);
  });

  it('asks a question again in a new process when this one has chosen another backend', async () => {
    const inspector = make();
    await ask(inspector);
    const pid = inspector.pid;
    const binding = path.join(temp.dir, 'nowhere.node');
    const [here, there] = await Promise.allSettled([
      ask(inspector),
      ask(inspector, OPEN, never(), { ...subject, backend: 'native', nativeBinding: binding }),
    ]);
    assert.equal(here.status, 'fulfilled', 'what was asked before is answered');
    assert.equal(there.status, 'rejected');
    assert.ok(
      there.reason instanceof FinePruneError &&
        there.reason.kind === 'engine' &&
        there.reason.code !== 'inspect.backend',
      String(there.reason),
    );
    assert.notEqual(inspector.pid, pid);
    assert.equal((await ask(inspector)).kind, 'open');
  });

  it('does the same when it is the config that chooses', async () => {
    const inspector = make();
    const native = await makeDemo(
      path.join(temp.dir, 'native'),
      { train: 200, test: 200 },
      demoConfig('"backend": "native"'),
    );
    await ask(inspector);
    const pid = inspector.pid;
    const outcome = await ask(inspector, OPEN, never(), { ...subject, config: native }).catch(
      (error: unknown) => error,
    );
    // With a native engine on this machine it is an answer, without one the reason; never that the process is the wrong one.
    assert.notEqual((outcome as Partial<Failure>).code, 'inspect.backend');
    assert.notEqual(inspector.pid, pid);
  });

  it('says that a Node that is configured is not there', async () => {
    await assert.rejects(ask(make({ execPath: path.join(temp.dir, 'no', 'node') })), failsWith('engine.start'));
  });

  it('tells who waits when the process dies, and nobody else', async () => {
    const inspector = make();
    const question = ask(inspector);
    process.kill(inspector.pid!, 'SIGABRT');
    await assert.rejects(question, failsWith('engine.crashed'));
    assert.equal(ended.length, 0, ended[0]?.message);
    await ask(inspector);
    process.kill(inspector.pid!, 'SIGKILL');
    await waitFor('the news', () => ended.length > 0);
    assert.equal(ended[0]!.code, 'engine.outOfMemory');
  });

  it('ends for good', async () => {
    const inspector = make();
    await ask(inspector);
    const pid = inspector.pid!;
    const waiting = ask(inspector);
    inspector.dispose();
    await assert.rejects(waiting, failsWith('cancelled'));
    await assert.rejects(ask(inspector), failsWith('cancelled'));
    await waitFor('the end', () => !isAlive(pid));
    assert.equal(ended.length, 0, ended[0]?.message);
  });
});
