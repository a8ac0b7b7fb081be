import { strict as assert } from 'node:assert';
import {
  afterScanWord,
  attemptWord,
  gatesWord,
  rateTitle,
  stageColumns,
  whichEstimated,
} from '../../../server/protocol/report/words';
import {
  capital,
  count,
  fixedShare,
  indexList,
  limitMegabytes,
  limitWords,
  list,
  maskSize,
  megabytes,
  percent,
  percentDone,
  pixels,
  plural,
  points,
  pointsChange,
  pointsOf,
  pWords,
  signedPercent,
  units,
  unitWord,
} from '../../../server/protocol/words';
import { referenceReport as report } from '../../fixtures/report';

describe('figures as sentences write them', () => {
  it('writes shares, and never rounds to all or nothing', () => {
    assert.deepEqual([0, 0.0006, 0.05, 0.989, 0.9996, 1].map(percent), [
      '0 %',
      '0.06 %',
      '5 %',
      '98.9 %',
      '99.96 %',
      '100 %',
    ]);
    assert.deepEqual([1e-5, 1e-7, 1 - 1e-5, 1 - 1e-9].map(percent), [
      '0.001 %',
      '< 0.0001 %',
      '99.999 %',
      '> 99.9999 %',
    ]);
    assert.deepEqual([-0.001, 0.001].map(signedPercent), ['−0.1 %', '0.1 %']);
    assert.deepEqual(
      [0, 0.00001, 0.98894, 0.99999, 1].map((share) => fixedShare(share)),
      ['0', '0.01', '98.89', '99.99', '100'],
    );
    assert.deepEqual(
      [0.0001, 0.5, 0.9999].map((share) => fixedShare(share, 1)),
      ['0.1', '50.0', '99.9'],
    );
    assert.deepEqual([0, 0.29, 0.999, 1].map(percentDone), ['0 %', '28 %', '99 %', '100 %']);
    assert.deepEqual([0.05, 0.0025, 0.07].map(limitWords), ['5 %', '0.25 %', '7 %']);
  });

  it('never rounds to 100 % or 0 % what is not', () => {
    assert.deepEqual([1, 0, 0.989, 0.99999, 0.99951, 0.00001, 0.97, 0.0006, 1 - 1e-9].map(percent), [
      '100 %',
      '0 %',
      '98.9 %',
      '99.999 %',
      '99.95 %',
      '0.001 %',
      '97 %',
      '0.06 %',
      '> 99.9999 %',
    ]);
  });

  it('writes k of up to 10,000 images with the digits that the engine wrote before there was one percent', () => {
    // That one clamped to 0.01 and 99.99 %; between them both round alike, and above 10,000 images this one says more.
    const clamped = (share: number): string => {
      const p = share * 100;
      if (p === 0 || p === 100) return `${p} %`;
      return `${Number(Math.min(99.99, Math.max(0.01, p)).toFixed(p < 1 || p > 99.9 ? 2 : 1))} %`;
    };
    // Beyond 2 % from either end nothing is clamped, so that every n gives the same text by construction: 1,009 stands for them.
    for (let n = 1; n <= 10_000; n++) {
      const edge = n === 1009 || n === 10_000 ? n : Math.ceil(n / 50);
      for (let k = 0; k <= edge; k++)
        for (const share of [k / n, (n - k) / n])
          if (percent(share) !== clamped(share)) assert.fail(`${share}: ${percent(share)}, ${clamped(share)}`);
    }
    assert.notEqual(percent(1 / 60_000), clamped(1 / 60_000));
  }).timeout(60_000);

  it('writes differences in points', () => {
    assert.deepEqual([0.0021, -0.03, 0.00012, -0.000001, 0, 0.01, -0.01].map(points), [
      '+0.21 points',
      '−3 points',
      '+0.012 points',
      '−0.0001 points',
      '0 points',
      '+1 point',
      '−1 point',
    ]);
    assert.deepEqual([0.01, 0.0021, 0].map(pointsOf), ['1 point', '0.21 points', '0 points']);
    assert.deepEqual([0.0012, -0.034, 0.00001, 0].map(pointsChange), ['+0.12', '−3.40', '±0', '±0']);
  });

  it('groups digits of whole numbers and of no others', () => {
    assert.deepEqual([0, 999, 1000, 1234567, -1234, 0.125, 1234.5678].map(count), [
      '0',
      '999',
      '1,000',
      '1,234,567',
      '-1,234',
      '0.125',
      '1,234.5678',
    ]);
    for (const n of [7, 12345, 1e9, 2 ** 53]) assert.equal(count(n), n.toLocaleString('en-US'));
    assert.deepEqual([plural(1, 'neuron'), plural(1024, 'neuron')], ['1 neuron', '1,024 neurons']);
    assert.deepEqual(
      [units(1, 'Dense'), units(1024, 'Conv2D'), unitWord('Add')],
      ['1 neuron', '1024 channels', 'channel'],
    );
  });

  it('writes masks, p-values and bytes', () => {
    assert.deepEqual([3.96, 9.99, 70.4, 1234].map(pixels), ['4.0 pixels', '10.0 pixels', '70 pixels', '1,234 pixels']);
    assert.equal(maskSize(12.6), '13');
    assert.deepEqual([0.034567, 1e-9, 1].map(pWords), ['p = 0.035', 'p < 0.0001', 'p = 1']);
    assert.deepEqual([0, 300_000, 231_400_000].map(megabytes), ['0 MB', '1 MB', '231 MB']);
    assert.deepEqual([64 * 2 ** 20, 64 * 2 ** 20 + 1].map(limitMegabytes), ['64 MB', '65 MB']);
  });

  it('lists words', () => {
    assert.deepEqual(
      [[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((words) => list(words)),
      ['', 'a', 'a and b', 'a, b and c'],
    );
    assert.equal(list(['a', 'b', 'c'], 2), 'a, b and 1 more');
    assert.equal(indexList([3, 7, 12], 3), '3, 7, 12');
    assert.equal(indexList([3, 7, 12, 13], 3), '3, 7, 12 and 1 more');
    assert.deepEqual([capital('ab'), capital('')], ['Ab', '']);
  });
});

describe('what the things in a report are called', () => {
  it('says of triggered figures alone that they are on an estimate', () => {
    const estimated = { trigger: { source: 'estimated' } } as Parameters<typeof rateTitle>[0];
    assert.equal(rateTitle(estimated, 'cleanAccuracy'), 'clean accuracy');
    assert.equal(rateTitle(estimated, 'robustAccuracy'), 'robust accuracy (estimated trigger)');
    assert.equal(rateTitle({ trigger: null }, 'attackSuccessRate'), 'ASR');
    const [known, unknown] = [report(), { ...report(), trigger: null }];
    assert.equal(whichEstimated({ base: known, head: unknown }), null);
  });

  it('leaves the columns of a model empty that was not repaired', () => {
    const columns = stageColumns({ ...report(), repaired: false });
    assert.deepEqual(
      columns.map(({ title, stage }) => [title, stage !== null]),
      [
        ['before', true],
        ['pruned', false],
        ['fine-tuned', false],
      ],
    );
  });

  it('tells repairs that were tried apart', () => {
    const words = (chosen: boolean, met: boolean, missed?: ('maxAccuracyDrop' | 'maxAttackSuccessRate')[]): string =>
      attemptWord({ chosen, met, ...(missed && { missed }) });
    assert.deepEqual(
      [
        words(true, true, []),
        words(true, false, ['maxAccuracyDrop']),
        words(true, false, ['maxAttackSuccessRate']),
        words(true, false, ['maxAccuracyDrop', 'maxAttackSuccessRate']),
        words(true, false),
        words(false, true, []),
        words(false, false, ['maxAccuracyDrop']),
      ],
      [
        'kept, gates met',
        'kept, accuracy gate missed',
        'kept, ASR gate missed',
        'kept, gates missed',
        'kept, gates missed',
        'gates met, not kept',
        'gates missed',
      ],
    );
    assert.equal(gatesWord({ chosen: false, met: false, missed: ['maxAccuracyDrop'] }), 'gates missed');
  });

  it('takes the word from the beginning of a scan’s sentence', () => {
    assert.equal(afterScanWord({ word: 'nothing found', sentence: 'Nothing found: the smallest' }), 'the smallest');
    assert.equal(afterScanWord({ word: 'nothing found', sentence: 'Something' }), 'Something');
  });
});
