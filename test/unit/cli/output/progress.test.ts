import assert from 'node:assert/strict';
import { createProgress, describeProgress, KnownClasses, TimeLeft } from '../../../../server/cli/output/progress';

describe('progress of a scan in a terminal', () => {
  const event = {
    type: 'progress',
    phase: 'scan',
    step: 600,
    total: 1000,
    rate: 31,
    overall: 0.6,
    metrics: {},
  } as const;

  it('counts no thousandths, and names the class that stands out once classes are known', () => {
    const classes = new KnownClasses();
    assert.equal(describeProgress(event, 12, classes.words()), 'Searching for a trigger for each class · 0:12 left');
    classes.learn({ type: 'class', target: 4, norm: 61.2, share: 0.83 });
    classes.learn({ type: 'class', target: 0, norm: 5.78, share: 0.072 });
    assert.equal(describeProgress(event, null, classes.words()), 'smallest mask: class 0, 5.8 px (0.07 of the median)');
    assert.equal(
      describeProgress({ ...event, phase: 'proof' }, 12),
      'Searching for triggers in the repaired model · 0:12 left',
    );
    assert.equal(describeProgress({ ...event, phase: 'fine-tune' }, null), 'Fine-tuning 600/1000 · 31/s');
  });

  it('says in a log what will be searched and how long it takes, then how much is done and left, from the first steps on', () => {
    const written: string[] = [];
    let now = 0;
    const view = createProgress(
      { isTTY: false, write: (text: string) => written.push(text.trimEnd()) } as unknown as NodeJS.WriteStream,
      () => now,
    );
    const at = (seconds: number, overall: number): void => {
      now = seconds * 1000;
      view.event({ ...event, step: 1000 * overall, overall });
    };
    at(0, 0);
    view.event({ type: 'plan', classes: 1283, images: 16, steps: 120, seconds: 5700 });
    // Of a search of hours a step is a ten-thousandth.
    at(30, 0.0001);
    at(60, 0.0002);
    at(6000, 0.25);
    view.event({ type: 'plan', classes: 10, images: 16, steps: 120, seconds: 20 });
    assert.deepEqual(written, [
      'Searching for a trigger for each class',
      'Searching for triggers: 1,283 classes × 16 images × 120 steps, about 95 minutes; the time grows with the number of classes (--classes 0-9 searches some of them).',
      'Searching for a trigger for each class · 0.01 %',
      'Searching for a trigger for each class · 83:19:00 left · 0.02 %',
      'Searching for a trigger for each class · 4:58:37 left · 25 %',
      'Searching for triggers: 10 classes × 16 images × 120 steps, less than a minute; the time grows with the number of classes.',
    ]);
  });

  it('estimates the time left of a short run from 2 s and 1 % on, of a long one from 10 s on', () => {
    const short = new TimeLeft();
    assert.deepEqual([short.seconds(0.1, 0), short.seconds(0.3, 1000), short.seconds(0.3, 2000)], [null, null, 7]);
    const long = new TimeLeft();
    assert.deepEqual(
      [long.seconds(0.001, 0), long.seconds(0.002, 9000), long.seconds(0.001, 10_000)],
      [null, null, null],
    );
    assert.equal(Math.round(long.seconds(0.002, 10_000)!), 9980);
  });
});
