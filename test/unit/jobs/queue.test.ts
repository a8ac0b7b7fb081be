import assert from 'node:assert/strict';
import { type JobInfo, JobQueue } from '../../../server/jobs/queue';
import { FinePruneError } from '../../../server/protocol/errors';

/** Work that ends when the test says so, or with the signal. */
class Work {
  started = false;
  private end!: (value: string) => void;
  private fail!: (error: Error) => void;
  private readonly promise = new Promise<string>((resolve, reject) => {
    this.end = resolve;
    this.fail = reject;
  });

  readonly run = (signal: AbortSignal): Promise<string> => {
    this.started = true;
    signal.addEventListener('abort', () =>
      this.fail(new FinePruneError({ kind: 'cancelled', code: 'cancelled', message: 'stopped' })),
    );
    return this.promise;
  };

  finish(value: string): void {
    this.end(value);
  }

  break(): void {
    this.fail(new Error('broken'));
  }
}

const isCancelled = (error: unknown): boolean => error instanceof FinePruneError && error.kind === 'cancelled';

describe('job queue', () => {
  it('runs one at a time, in the order in which they came, two of one model too', async () => {
    const queue = new JobQueue();
    const [first, second] = [new Work(), new Work()];
    const a = queue.add({ key: '/m/a.fineprune.json', name: 'a', run: first.run });
    const b = queue.add({ key: '/m/a.fineprune.json', name: 'a', run: second.run });
    assert.deepEqual([a.state, b.state, b.position], ['running', 'waiting', 1]);
    assert.equal(second.started, false);

    first.finish('one');
    assert.equal(await a.result, 'one');
    second.finish('two');
    assert.equal(await b.result, 'two');
    assert.equal(queue.running, null);
    assert.deepEqual([a.state, b.state], ['finished', 'finished']);
  });

  it('tells the position of those that wait, and each change of it', async () => {
    const queue = new JobQueue();
    const seen: string[] = [];
    queue.on('position', (job: JobInfo) => seen.push(`${job.name} waits at ${job.position}`));
    queue.on('started', (job) => seen.push(`${job.name} starts`));
    queue.on('finished', (job) => seen.push(`${job.name} ends`));
    const works = [new Work(), new Work(), new Work()] as const;
    const jobs = works.map((work, at) => queue.add({ key: `${at}`, name: `job${at}`, run: work.run }));
    works[0].finish('');
    await jobs[0]?.result;
    works[1].finish('');
    await jobs[1]?.result;
    works[2].finish('');
    await jobs[2]?.result;
    assert.deepEqual(seen, [
      'job0 starts',
      'job1 waits at 1',
      'job2 waits at 2',
      'job0 ends',
      'job1 starts',
      'job2 waits at 1',
      'job1 ends',
      'job2 starts',
      'job2 ends',
    ]);
  });

  it('removes a waiting job that is cancelled, and moves up those behind it', async () => {
    const queue = new JobQueue();
    const works = [new Work(), new Work(), new Work()] as const;
    const [a, b, c] = works.map((work, at) => queue.add({ key: `${at}`, name: `job${at}`, run: work.run }));
    assert.ok(a && b && c);
    b.cancel();
    await assert.rejects(b.result, isCancelled);
    assert.equal(works[1].started, false);
    assert.deepEqual(
      queue.waiting.map((job) => [job.name, job.position]),
      [['job2', 1]],
    );
    works[0].finish('');
    await a.result;
    works[2].finish('three');
    assert.equal(await c.result, 'three');
    assert.equal(works[1].started, false, 'a cancelled job never starts');
  });

  it('cancels the running job by its signal, and goes on with the next', async () => {
    const queue = new JobQueue();
    const [first, second] = [new Work(), new Work()];
    const stop = new AbortController();
    const a = queue.add({ key: 'a', name: 'a', run: first.run, signal: stop.signal });
    const b = queue.add({ key: 'b', name: 'b', run: second.run });
    stop.abort();
    await assert.rejects(a.result, isCancelled);
    second.finish('two');
    assert.equal(await b.result, 'two');
  });

  it('goes on after a job that failed, even one that throws at once', async () => {
    const queue = new JobQueue();
    const [first, last] = [new Work(), new Work()];
    const a = queue.add({ key: 'a', name: 'a', run: first.run });
    const b = queue.add({
      key: 'b',
      name: 'b',
      run: () => {
        throw new Error('at once');
      },
    });
    const c = queue.add({ key: 'c', name: 'c', run: last.run });
    first.break();
    await assert.rejects(a.result, /broken/);
    await assert.rejects(b.result, /at once/);
    last.finish('well');
    assert.equal(await c.result, 'well');
  });

  it('never starts a job whose signal has fired already', async () => {
    const queue = new JobQueue();
    const work = new Work();
    const job = queue.add({ key: 'a', name: 'a', run: work.run, signal: AbortSignal.abort() });
    await assert.rejects(job.result, isCancelled);
    assert.deepEqual([work.started, queue.running, queue.waiting.length], [false, null, 0]);
  });

  it('cancels everything and waits until it has settled', async () => {
    const queue = new JobQueue();
    const jobs = [new Work(), new Work()].map((work, at) => queue.add({ key: `${at}`, name: `${at}`, run: work.run }));
    await queue.cancelAll();
    assert.deepEqual(
      jobs.map((job) => job.state),
      ['finished', 'finished'],
    );
    for (const job of jobs) await assert.rejects(job.result, isCancelled);
  });
});
