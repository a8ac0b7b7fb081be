import assert from 'node:assert/strict';
import { independentDifference, pairedDifference } from '../../../../server/engine/metrics/difference';
import { normalQuantile } from '../../../../server/engine/metrics/normal';
import { rate, Z } from '../../../../server/engine/metrics/rate';

const near = (found: number, expected: number, slack = 5e-5): void =>
  assert.ok(Math.abs(found - expected) <= slack, `${found} is not ${expected}`);

/** Tango's statistic by its definition: the hypothesis' likelihood is maximised by search, not by a formula. */
function statistic(gained: number, lost: number, of: number, delta: number): number {
  const likelihood = (q: number): number =>
    gained * Math.log(q + delta) + lost * Math.log(q) + (of - gained - lost) * Math.log(1 - 2 * q - delta);
  let [low, high] = [Math.max(0, -delta) + 1e-12, (1 - delta) / 2 - 1e-12];
  for (let i = 0; i < 200; i++) {
    const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
    if (likelihood(a) < likelihood(b)) low = a;
    else high = b;
  }
  return (gained - lost - of * delta) / Math.sqrt(of * (2 * low + delta * (1 - delta)));
}

describe('the difference of paired proportions', () => {
  it('has an interval at whose ends the score statistic is the quantile', () => {
    for (const [gained, lost, of] of [
      [12, 2, 50],
      [300, 123, 9000],
      [3, 9, 80],
      [40, 41, 200],
    ] as const) {
      const { difference, low, high } = pairedDifference(gained, lost, of, Z);
      near(difference, (gained - lost) / of, 1e-6);
      near(statistic(gained, lost, of, low), Z, 1e-3);
      near(statistic(gained, lost, of, high), -Z, 1e-3);
    }
  });

  it('is a plain share with Wilson’s interval where nothing was lost', () => {
    const { low, high } = rate(7, 900);
    assert.deepEqual(pairedDifference(7, 0, 900, Z), { difference: 0.007778, low, high });
    assert.deepEqual(pairedDifference(0, 0, 73, Z).low, 0);
  });

  it('gives the whole range for no image, and refuses what are no counts', () => {
    assert.deepEqual(pairedDifference(0, 0, 0, Z), { difference: 0, low: -1, high: 1 });
    for (const [a, b, of] of [
      [-1, 0, 5],
      [3, 3, 5],
      [1.5, 0, 5],
    ] as const)
      assert.throws(() => pairedDifference(a, b, of, Z), RangeError);
  });
});

it('the difference of independent proportions has Newcombe’s published interval', () => {
  // Newcombe 1998, table II, method 10: 56/70 − 48/80.
  const { difference, low, high } = independentDifference({ hits: 56, of: 70 }, { hits: 48, of: 80 }, Z);
  near(difference, 0.2);
  near(low, 0.0524);
  near(high, 0.3339);
});

it('quantiles of the normal distribution are those of the tables', () => {
  near(normalQuantile(0.975), 1.959963984540054, 1e-14);
  near(normalQuantile(1 - 0.05 / 18), 2.772921294608662, 1e-12);
  near(normalQuantile(1e-10), -6.361340902404056, 1e-12);
  assert.equal(normalQuantile(0.5), 0);
  for (const p of [0, 1, NaN]) assert.throws(() => normalQuantile(p), RangeError);
});
