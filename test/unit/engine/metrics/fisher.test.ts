import assert from 'node:assert/strict';
import { fisherExact, logFactorial } from '../../../../server/engine/metrics/fisher';

/** Sums of binomial coefficients as whole numbers: nothing is rounded before the last division. */
function byWholeNumbers(hitsA: number, ofA: number, hitsB: number, ofB: number): number {
  const choose = (n: number, k: number): bigint => {
    let result = 1n;
    for (let i = 1; i <= k; i++) result = (result * BigInt(n - k + i)) / BigInt(i);
    return result;
  };
  const hits = hitsA + hitsB;
  const weight = (k: number): bigint => choose(ofA, k) * choose(ofB, hits - k);
  let sum = 0n;
  for (let k = Math.max(0, hits - ofB); k <= Math.min(ofA, hits); k++) if (weight(k) <= weight(hitsA)) sum += weight(k);
  return Number((sum * 10n ** 30n) / choose(ofA + ofB, hits)) / 1e30;
}

const near = (found: number, expected: number): void =>
  assert.ok(Math.abs(found - expected) <= 1e-9 * expected, `${found}, expected ${expected}`);

describe("Fisher's exact test", () => {
  it('gives the two-sided values of textbook tables', () => {
    // Fisher's tea (The Design of Experiments, 1935): 17/35; his table of criminal twins (1935); both two-sided.
    near(fisherExact(3, 4, 1, 4), 17 / 35);
    near(fisherExact(10, 13, 2, 17), 0.0005367241191434358);
    near(fisherExact(1, 10, 9, 10), 0.001093333910671372);
    near(fisherExact(5, 5, 3, 5), 4 / 9);
  });

  it('agrees with whole-number arithmetic on every table of some margins', () => {
    for (const [ofA, ofB] of [
      [7, 9],
      [12, 12],
      [30, 5],
    ] as const) {
      for (let a = 0; a <= ofA; a++)
        for (let b = 0; b <= ofB; b++) near(fisherExact(a, ofA, b, ofB), byWholeNumbers(a, ofA, b, ofB));
    }
  });

  it('holds for the sizes of test sets, far into the tail', () => {
    near(fisherExact(8258, 9020, 8400, 9020), 7.814624761854034e-5);
    near(fisherExact(9910, 10000, 9889, 10000), 0.15606980690733477);
    near(fisherExact(12, 5000, 31, 9020), 0.34024301637132887);
    near(fisherExact(0, 9020, 744, 9020), 2.46945187898466e-231);
    assert.equal(fisherExact(9002, 9020, 9001, 9020), 1);
    assert.equal(fisherExact(0, 9020, 9020, 9020), 0, 'below the smallest double');
  });

  it('is 1 without a difference to be seen, and does not mind which sample comes first', () => {
    assert.equal(fisherExact(0, 0, 3, 5), 1);
    assert.equal(fisherExact(5, 5, 5, 5), 1);
    near(fisherExact(31, 9020, 12, 5000), fisherExact(12, 5000, 31, 9020));
  });

  it('refuses what is no count', () => {
    for (const bad of [
      [-1, 5],
      [6, 5],
      [0.5, 5],
      [Number.NaN, 5],
    ] as const)
      assert.throws(() => fisherExact(bad[0], bad[1], 1, 5), RangeError);
  });

  it('takes factorials as logarithms without a seam between table and series', () => {
    let exact = 0;
    for (let n = 1; n <= 300; n++) {
      exact += Math.log(n);
      assert.ok(Math.abs(logFactorial(n) - exact) < 1e-10, `${n}`);
    }
  });
});
