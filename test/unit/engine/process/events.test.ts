import assert from 'node:assert/strict';
import { toFailure } from '../../../../server/engine/process/failure';
import { throttleProgress } from '../../../../server/engine/process/progress-throttle';
import type { EngineEvent, Phase } from '../../../../server/protocol/messages/engine';
import { badInput } from '../../../../server/protocol/errors';

describe('events of the engine process', () => {
  const progress = (phase: Phase, step: number, total: number): EngineEvent => ({
    type: 'progress',
    phase,
    step,
    total,
    overall: 0,
    metrics: {},
  });
  const label = (event: EngineEvent): string =>
    event.type === 'progress' ? `${event.phase} ${event.step}` : event.type;

  it('pass progress at most ten times a second', () => {
    const sent: string[] = [];
    let now = 0;
    const emit = throttleProgress(
      (event) => sent.push(label(event)),
      () => now,
    );
    for (let step = 0; step < 1000; step++, now++) emit(progress('fine-tune', step, 5000));
    assert.deepEqual(
      sent,
      Array.from({ length: 10 }, (_, at) => `fine-tune ${at * 100}`),
    );
  });

  it('pass the last progress of a phase, whether it was finished or not, and everything else at once and in order', () => {
    const sent: string[] = [];
    const emit = throttleProgress(
      (event) => sent.push(label(event)),
      () => 0,
    );
    emit(progress('analyse', 0, 3));
    emit(progress('analyse', 1, 3));
    emit(progress('analyse', 3, 3));
    emit(progress('curve', 0, 9));
    emit(progress('curve', 4, 9));
    emit(progress('curve', 5, 9));
    emit({ type: 'log', level: 'info', message: '' });
    emit(progress('curve', 6, 9));
    emit(progress('prune', 0, 1));
    assert.deepEqual(sent, ['analyse 0', 'analyse 3', 'curve 0', 'curve 5', 'log', 'curve 6', 'prune 0']);
  });
});

describe('failures of the engine', () => {
  const system = (code: string): Error => Object.assign(new Error(`${code}: refused`), { code, path: '/out/x' });

  it('keep what was written for people', () => {
    const failure = {
      kind: 'input',
      code: 'model.shardTooShort',
      message: 'Too short.',
      file: '/m',
      place: 'dense/kernel',
      todo: 'Copy it again.',
    } as const;
    assert.deepEqual(toFailure(badInput(failure.code, failure.message, failure)), failure);
  });

  it('name the file that the operating system refused', () => {
    for (const [code, expected] of [
      ['ENOSPC', 'output.diskFull'],
      ['ENOENT', 'file.missing'],
      ['EACCES', 'file.notAccessible'],
    ] as const) {
      const failure = toFailure(system(code));
      assert.deepEqual([failure.kind, failure.code, failure.file], ['input', expected, '/out/x']);
    }
  });

  it('tell memory that ran out from defects', () => {
    assert.equal(toFailure(new RangeError('Array buffer allocation failed')).code, 'engine.outOfMemory');
    assert.equal(toFailure(new TypeError('x is not a function')).code, 'engine.internal');
    assert.match(toFailure('a string').message, /a string/);
  });
});
