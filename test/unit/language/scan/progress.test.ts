import assert from 'node:assert/strict';
import { ScanProgress } from '../../../../server/language/scan/progress';

describe('progress of a scan', () => {
  const event = { type: 'progress', phase: 'scan', step: 600, total: 1000, overall: 0.6, metrics: {} } as const;

  it('names the class that stands out as soon as classes are known', () => {
    const words = new ScanProgress();
    assert.equal(words.text(event), 'Searching for a trigger for each class');
    words.learn({ type: 'class', target: 3, norm: 61.2, share: 0.83 });
    words.learn({ type: 'class', target: 0, norm: 5.78, share: 0.07 });
    assert.equal(
      words.text(event),
      'Searching for a trigger for each class · smallest mask so far: class 0, 5.8 pixels (0.07 of the median)',
    );
    assert.equal(words.text({ ...event, phase: 'data', total: 1 }), 'Reading the data');
  });
});
