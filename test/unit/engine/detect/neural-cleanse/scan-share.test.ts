import assert from 'node:assert/strict';
import { FirstSteps, ScanShare } from '../../../../../server/engine/detect/neural-cleanse/scan-share';
import { roughTime } from '../../../../../server/protocol/messages/engine';

describe('how long a scan takes', () => {
  it('is told once, from the first steps without the very first, which warms the engine up', () => {
    let now = 0;
    const told: number[] = [];
    const clock = new FirstSteps(
      (seconds) => told.push(seconds),
      () => now,
    );
    for (const [done, at] of [
      [1, 9000],
      [2, 9100],
      [3, 9200],
      [4, 9600],
      [5, 9700],
    ] as const) {
      now = at;
      clock.step(done);
    }
    assert.deepEqual(
      told.map((seconds) => Number(seconds.toFixed(6))),
      [0.2],
      'after half a second',
    );
    const slow: number[] = [];
    const patient = new FirstSteps(
      (seconds) => slow.push(seconds),
      () => now,
    );
    for (const done of [1, 2]) {
      now = 30_000 * done;
      patient.step(done);
    }
    assert.deepEqual(slow, [30]);
  });

  it('is said roughly', () => {
    assert.deepEqual([5, 59, 61, 95 * 60, 119 * 60, 7.4 * 3600].map(roughTime), [
      'less than a minute',
      'less than a minute',
      'about 1 minute',
      'about 95 minutes',
      'about 119 minutes',
      'about 7 hours',
    ]);
  });

  it('never goes back, whatever turns out to be needed on the way', () => {
    const told: number[] = [];
    const share = new ScanShare((done) => told.push(done));
    share.begin(60, 40);
    for (const step of [1, 2]) share.step(step, 2);
    // A second seed, then one more class than was thought.
    share.begin(60, 40);
    share.step(1, 1);
    share.begin(50, 15);
    share.step(1, 1);
    share.begin(15, 0);
    share.step(3, 3);
    assert.deepEqual(
      told.map((done) => Math.round(100 * done)),
      [30, 60, 84, 96, 100],
    );
  });
});
