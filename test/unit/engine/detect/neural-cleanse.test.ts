import assert from 'node:assert/strict';
import { anomalies } from '../../../../server/engine/detect/neural-cleanse/anomaly';
import { encodeEstimate, decodeEstimate } from '../../../../server/engine/triggers/estimate';
import { MaskSearch } from '../../../../server/engine/detect/neural-cleanse/mask-search';
import { stampMask } from '../../../../server/engine/triggers/mask';
import { otherLabels } from '../../../../server/engine/detect/other-labels';
import { FirstSteps, ScanShare } from '../../../../server/engine/detect/neural-cleanse/scan-share';
import { classRanges, scanSentence } from '../../../../server/engine/detect/neural-cleanse/scan-words';
import type { CheckedSubject } from '../../../../server/engine/detect/clean-check';
import { reportedScan } from '../../../../server/engine/detect/neural-cleanse/scan';
import { scanKey } from '../../../../server/engine/detect/scan-cache';
import { scanImagesOf } from '../../../../server/engine/detect/scan-images';
import { epochsOf, shifted } from '../../../../server/engine/repair/head-reset';
import type { Roles } from '../../../../server/engine/data/dataset';
import { randomStream } from '../../../../server/engine/data/random';
import { bestOf, meetsGates } from '../../../../server/engine/repair/choice';
import { planOf } from '../../../../server/engine/repair/guided';
import { rate } from '../../../../server/engine/metrics/rate';
import { roughTime } from '../../../../server/protocol/messages/engine';
import type { ScanResult } from '../../../../server/protocol/report/scan';
import type { HeldOutFigures } from '../../../../server/protocol/report/report';

const GATES = { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01 };
const figures = (correct: number, fresh: number, known: number | null = null): HeldOutFigures => ({
  images: 1000,
  correctBefore: 990,
  correct,
  knownTrigger: known === null ? null : rate(known, 900),
  estimatedTrigger: rate(0, 900),
  freshTrigger: rate(fresh, 900),
});

describe('the anomaly index', () => {
  it('is that of Neural Cleanse on a logarithmic scale, positive for small masks', () => {
    const norms = [7, 56, 70, 77, 140];
    const { median, shares, indices } = anomalies(norms);
    assert.equal(median, 70);
    assert.equal(shares[0], 0.1);
    // Deviations ln 10, ln 1.25, 0, ln 1.1, ln 2: their median is ln 1.25.
    assert.ok(Math.abs(indices[0]! - Math.log(10) / (1.4826 * Math.log(1.25))) < 1e-12);
    assert.equal(indices[2], 0);
    assert.ok(indices[4]! < 0);
  });

  it('exceeds its limit for a tiny mask even where honest masks differ much', () => {
    // The paper's own, of the sizes: 79 / (1.4826 · 35) = 1.5.
    const { indices } = anomalies([1, 30, 45, 60, 75, 85, 100, 115, 140, 180]);
    assert.ok(indices[0]! > 4, `${indices[0]}`);
    assert.ok(indices.slice(1).every((index) => index < 2));
    assert.ok(Number.isFinite(anomalies([0, 30, 45, 60]).indices[0]));
  });

  it('does not make an anomaly of a mask that hardly differs from masks of one size', () => {
    const { indices } = anomalies([98, 100, 100, 100, 100, 100, 100, 100, 100, 100]);
    assert.ok(indices[0]! < 1.1, `${indices[0]}`);
    assert.ok(anomalies([0, 0]).indices.every((index) => index === 0));
  });
});

describe('the search for a mask', () => {
  // A "model" whose loss is known: the mean of the stamped pixel 5 has to become large.
  const search = (bound: number | null): MaskSearch => {
    const found = new MaskSearch(0, [4, 4, 1], randomStream(1, 'test'), bound);
    const images = new Float32Array(16 * 8).fill(0.2);
    const stamped = new Float32Array(images.length);
    for (let step = 0; step < 400; step++) {
      found.stamp(images, stamped);
      const gradient = Float32Array.from(stamped, (value, i) => (i % 16 === 5 ? -4 * Math.max(0, 1 - value) : 0));
      found.step(images, gradient, stamped[5]! > 0.8 ? 8 : 0);
    }
    return found;
  };

  it('keeps the one pixel that matters, and takes the others away', () => {
    const { best } = search(null);
    assert.ok(best && best.norm < 1.5, `${best?.norm}`);
    assert.ok(best.mask[5]! > 0.7 && best.pattern[5]! > 0.8);
  });

  it('stays within a bound', () => {
    const { best } = search(2);
    assert.ok(best && best.norm <= 2, `${best?.norm}`);
  });

  it('is written as bytes, whose norm is what is reported', () => {
    const { best } = search(null);
    const decoded = decodeEstimate(encodeEstimate(best!), [4, 4, 1]);
    assert.ok(Math.abs(decoded.norm - best!.norm) < 16 / 510 + 1e-6);
    const again = decodeEstimate(encodeEstimate(decoded), [4, 4, 1]);
    assert.deepEqual(again, decoded);
    const image = new Float32Array(16).fill(0.5);
    stampMask(decoded, 1, image, image);
    assert.ok(image[5]! > 0.7 && Math.abs(image[0]! - 0.5) < 0.2);
  });
});

describe('what is chosen on held-out images', () => {
  it('meets the gates by upper bounds, and by every trigger that there is', () => {
    assert.ok(meetsGates(figures(985, 10), GATES));
    assert.ok(!meetsGates(figures(985, 40), GATES), '40 of 900 may be more than 5 %');
    assert.ok(!meetsGates(figures(985, 10, 100), GATES));
    assert.ok(!meetsGates(figures(979, 10), GATES), 'eleven images lost of a thousand');
    assert.ok(
      !meetsGates({ ...figures(990, 0), estimatedTrigger: null, freshTrigger: null }, GATES),
      'nothing was measured',
    );
  });

  it('is the latest that meets the gates, else the least success within three times the accuracy limit, else none', () => {
    assert.equal(bestOf([figures(985, 10), figures(984, 0), figures(900, 0)], GATES), 1);
    assert.equal(bestOf([figures(985, 500), figures(984, 100), figures(900, 0)], GATES), 1);
    assert.equal(bestOf([figures(900, 0), figures(950, 0)], GATES), null);
  });

  it('goes through few images more often, and through many in more rounds', () => {
    assert.deepEqual(planOf(55_000, 64), { epochs: 1, stamped: 0.2, leastRounds: 3 });
    assert.deepEqual(planOf(2500, 64), { epochs: 6, stamped: 1, leastRounds: 2 });
    assert.equal(planOf(100, 64).epochs, 10);
    assert.deepEqual([epochsOf(55_000, 64), epochsOf(2500, 64)], [2, 16]);
    assert.deepEqual([epochsOf(10, 64), epochsOf(2500, 8192)], [600, 600], 'a batch is never larger than the set');
  });

  it('is trained on images that are moved along the sides that have more than one pixel', () => {
    const row = {
      count: 50,
      labels: new Int32Array(50),
      pixels: (at: ArrayLike<number>) => new Float32Array(28 * at.length).fill(1),
    };
    const moved = shifted(row, [1, 28, 1], 0).pixels(Int32Array.from(row.labels.keys()));
    for (let i = 0; i < 50; i++)
      assert.ok(moved.subarray(28 * i, 28 * i + 28).reduce((a, b) => a + b, 0) >= 26, `image ${i}`);
  });
});

describe('what a scan says', () => {
  it('never calls a model clean', () => {
    const one = (target: number, norm: number, flagged: boolean) => ({
      target,
      norm,
      screened: norm,
      share: norm / 70,
      anomalyIndex: (70 - norm) / 15,
      success: rate(98, 100),
      steps: 120,
      flagged,
      estimate: null,
    });
    const classes = [one(0, 4, true), one(1, 70, false), one(2, 80, false)];
    const facts = {
      classes,
      medianNorm: 70,
      limits: { index: 2, share: 0.5 },
      images: { search: 1, measured: 1 },
      batchSize: 16,
      steps: 120,
      seeds: [0],
    };
    const suspicious = scanSentence({ ...facts, word: 'suspicious', flagged: [0] });
    assert.equal(
      suspicious,
      'Suspicious: class 0: a mask of 4.0 pixels takes 98 % of other images to it (anomaly index 4.4). The median of the classes is 70 pixels. Tried: trigger inversion for all 3 classes.',
    );
    const nothing = scanSentence({ ...facts, word: 'nothing found', flagged: [], seeds: [0, 1] });
    assert.match(nothing, /^Nothing found: the smallest mask, of class 0, has 4 pixels|4\.0 pixels/);
    assert.match(nothing, /with two seeds.*can escape it\.$/);
    for (const said of [suspicious, nothing]) assert.ok(!/\bclean\b/.test(said), said);
  });

  it('names classes by their ranges, and of many groups the first', () => {
    assert.deepEqual(
      [[3], [0, 1, 2, 5], [0, 2, 4], Array.from({ length: 40 }, (_, i) => 2 * i)].map((classes) =>
        classRanges(classes),
      ),
      ['3', '0-2, 5', '0, 2, 4', '0, 2, 4, 6, 8, 10, 12, 14 and 32 more'],
    );
  });
});

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

describe('labels in another order', () => {
  const labels = Int32Array.from({ length: 400 }, (_, i) => i % 10);
  /** What a model says that errs on every eighth image. */
  const model = (of: (label: number) => number): Int32Array =>
    labels.map((label, i) => of(i % 8 === 0 ? (label + 1 + (i % 7)) % 10 : label));
  const asLabelled = { labels, predicted: model((label) => label) };

  it('are read from some images and tried on others', () => {
    const shifted = { labels, predicted: model((label) => (label + 1) % 10) };
    const found = otherLabels(shifted, shifted, 10)!;
    assert.deepEqual(
      found.classes,
      Array.from({ length: 10 }, (_, data) => ({ data, model: (data + 1) % 10 })),
    );
    assert.equal(found.after.hits, 350);
    assert.equal(otherLabels(shifted, asLabelled, 10), null, 'what is so on some images only is no order');
  });

  it('are not seen in a model that only errs, prefers a class, or guesses', () => {
    assert.equal(otherLabels(asLabelled, asLabelled, 10), null);
    const all = { labels, predicted: labels.map((label, i) => (i % 3 === 0 ? label : 4)) };
    assert.equal(otherLabels(all, all, 10), null);
    const guessed = { labels, predicted: labels.map((_, i) => (i * 7 + Math.floor(i / 10)) % 10) };
    assert.equal(otherLabels(guessed, guessed, 10), null);
  });

  it('are found where a model has more classes than the images', () => {
    // A background class goes before the others, and most classes have no image.
    const shifted = { labels, predicted: model((label) => label).map((label) => label + 1) };
    const found = otherLabels(shifted, shifted, 1001)!;
    assert.deepEqual(
      found.classes.filter(({ data }) => data < 10),
      Array.from({ length: 10 }, (_, data) => ({ data, model: data + 1 })),
    );
    assert.equal(new Set(found.classes.map((one) => one.model)).size, found.classes.length);
  });
});

describe('what a report holds of a scan of many classes', () => {
  it('is the estimates of flagged classes and of the class that was measured with', () => {
    const estimate = { mask: 'A'.repeat(2000), pattern: 'A'.repeat(2000) };
    const classes = Array.from({ length: 43 }, (_, target) => ({
      target,
      norm: 60,
      screened: 60,
      share: 1,
      anomalyIndex: 0,
      success: rate(98, 100),
      steps: 120,
      flagged: target === 5,
      estimate,
    }));
    const scan: ScanResult = {
      word: 'suspicious',
      sentence: '',
      flagged: [5],
      classes,
      medianNorm: 60,
      limits: { index: 2, share: 0.4 },
      images: { search: 400, measured: 1500 },
      batchSize: 16,
      steps: 120,
      seeds: [0],
    };
    const kept = (target?: number): number[] =>
      reportedScan(scan, target)
        .classes.filter((one) => one.estimate)
        .map((one) => one.target);
    assert.deepEqual([kept(), kept(11), kept(5)], [[5], [5, 11], [5]]);
  });
});

describe('the images of a scan', () => {
  const labels = (count: number, classes: number): Int32Array =>
    Int32Array.from({ length: count }, (_, i) => i % classes);
  const roles = (fineTune: Int32Array, holdout: Int32Array): Roles => {
    const view = (given: Int32Array) => ({
      split: { labels: given, count: given.length } as Roles['test']['split'],
      indices: Int32Array.from(given.keys()),
    });
    return { fineTune: view(fineTune), holdout: view(holdout) } as Roles;
  };
  const refused = (fineTune: Int32Array, holdout: Int32Array): string | null => {
    try {
      scanImagesOf(roles(fineTune, holdout), 0);
      return null;
    } catch (error) {
      const { code, place } = error as { code: string; place: string };
      return `${code} ${place}`;
    }
  };

  it('are enough to search on, and enough to measure on', () => {
    assert.equal(refused(labels(60, 2), labels(30, 2)), null);
    assert.equal(refused(labels(20, 2), labels(25, 2)), 'scan.tooFewImages /data/train/images');
    assert.equal(refused(labels(60, 1), labels(30, 2)), 'scan.tooFewImages /data/train/images');
    assert.equal(refused(labels(600, 2), labels(10, 2)), 'scan.tooFewImages /data/holdout');
    assert.equal(refused(labels(600, 2), labels(300, 1)), 'scan.tooFewImages /data/holdout');
  });

  it('are in the key of what is kept, with the engine and the processor that computes', () => {
    const source = (value: number) => ({
      count: 600,
      labels: new Int32Array(600),
      pixels: (at: ArrayLike<number>) => new Float32Array(4 * at.length).fill(value),
    });
    const subject = {
      model: { hashes: { topology: 'a', weights: 'b' } },
      normalisation: { mean: [0], std: [1] },
      scale: 1 / 255,
      search: source(0),
      measured: source(0.5),
      seed: 0,
      wanted: [],
    } as unknown as CheckedSubject;
    const engine = { name: 'native' as const, version: '1', threads: 1, oneDnn: true, cpuFeatures: ['avx2'] };
    const key = scanKey(subject, engine);
    assert.equal(scanKey({ ...subject }, { ...engine }), key);
    assert.notEqual(scanKey({ ...subject, targets: [0, 1] }, engine), key);
    const others = [
      scanKey({ ...subject, measured: source(0.25) }, engine),
      scanKey({ ...subject, search: { ...source(0), labels: new Int32Array(600).fill(1) } }, engine),
      scanKey(subject, { ...engine, cpuFeatures: ['avx512f'] }),
    ];
    assert.equal(new Set([key, ...others]).size, 4);
  });
});
