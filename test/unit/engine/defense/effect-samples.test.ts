import assert from 'node:assert/strict';
import { baseRateOf, weightedShare } from '../../../../server/engine/metrics/base-rate';
import { stageMetrics } from '../../../../server/engine/metrics/evaluate';
import { rate } from '../../../../server/engine/metrics/rate';
import { effectProblems } from '../../../../server/engine/report/consistency/effect';
import { judgeEffect } from '../../../../server/engine/defense/effect';
import { stageTable, tableNote } from '../../../../server/engine/report/markdown/figures';
import type { Stage } from '../../../../server/protocol/report/confusion';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { exampleReport } from '../../../fixtures/example-report';

type Images = readonly [count: number, label: number, predicted: number][];

/** Figures of a run with samples of a person's own: other images than the clean ones. */
function samplesStage(clean: Images, samples: Images, target = 0, classes = 3): Stage {
  const column = (groups: Images, which: 1 | 2): Int32Array =>
    Int32Array.from(groups.flatMap((group) => new Array<number>(group[0]).fill(group[which])));
  const others = samples.filter(([, label]) => label !== target);
  const ofTarget = samples.filter(([, label]) => label === target);
  const labels = column(others, 1);
  return stageMetrics(
    { clean: column(clean, 2), triggered: column(others, 2), ofTarget: column(ofTarget, 2) },
    {
      classes,
      clean: column(clean, 1),
      triggered: {
        labels,
        target,
        positions: new Int32Array(labels.length).fill(-1),
        positionsOfTarget: new Int32Array(column(ofTarget, 1).length).fill(-1),
      },
    },
  );
}

// A tenth of class 1 is taken for class 0, and none of class 2, of which there are nine times as many.
const CLEAN: Images = [
  [100, 0, 0],
  [10, 1, 0],
  [90, 1, 1],
  [900, 2, 2],
];
// Nearly all samples are of class 1.
const SAMPLES: Images = [
  [60, 1, 0],
  [30, 1, 1],
  [10, 2, 0],
];

/** Places that disagree. */
function problems(stage: Stage): string[] {
  const found: string[] = [];
  const tell = {
    problem: (_: string, pointer: string) => void found.push(pointer),
    same: (_: string, pointer: string, a: unknown, b: unknown) => void (a !== b && found.push(pointer)),
  };
  effectProblems(
    stage,
    { ...exampleReport().trigger!, kind: 'samples', target: 0 },
    '',
    tell as unknown as Parameters<typeof effectProblems>[3],
  );
  return found;
}

describe('samples of a person’s own', () => {
  it('have a base rate with their classes, and an interval by the effective number of images', () => {
    const { baseRate } = samplesStage(CLEAN, SAMPLES).effect!;
    // 0.9 · 10/100 + 0.1 · 0/900; 1 / (0.9²/100 + 0.1²/900) = 123.3 images.
    assert.deepEqual(baseRate, { rate: 0.09, hits: 10, of: 1000, low: 0.051122, high: 0.153655 });
    const { share, images } = weightedShare({ of: [100, 100, 900], hits: [0, 10, 0] }, [0, 90, 10]);
    assert.deepEqual([Number(share.toFixed(9)), Number(images.toFixed(3))], [0.09, 123.288]);
  });

  it('have the plain base rate where their classes are those of the clean images', () => {
    const clean = { of: [100, 100, 900], hits: [100, 10, 0] };
    const same = baseRateOf(clean, [7, 10, 90], 0);
    assert.deepEqual([same.rate, baseRateOf(clean, null, 0)], [0.01, rate(10, 1000)]);
    assert.ok(Math.abs(same.high - rate(10, 1000).high) < 1e-6, 'as frequent: every image counts');
    assert.deepEqual(baseRateOf({ of: [100, 0, 0], hits: [100, 0, 0] }, [0, 5, 0], 0), {
      rate: 0,
      hits: 0,
      of: 0,
      low: 0,
      high: 1,
    });
  });

  it('are judged by an excess whose interval knows how few images stand against them', () => {
    const { target } = judgeEffect(samplesStage(CLEAN, SAMPLES), { target: 0 }, 0.05)!;
    // Newcombe's interval from 70 of 100 and 9 % of 123.3.
    assert.deepEqual([target.by, target.share, target.low, target.high], ['excess', 0.61, 0.494939, 0.699893]);
  });

  it('are worked out again by the check of a report', () => {
    const stage = (): Stage => samplesStage(CLEAN, [...SAMPLES, [20, 0, 0], [5, 0, 1]]);
    assert.deepEqual(problems(stage()), []);
    const wrong = stage();
    // Right of as many clean images: 25 + 81 + 10; of the 125 samples: 20 + 30.
    assert.equal(wrong.effect!.netWrong, 0.528);
    wrong.effect!.netWrong = 0.4;
    assert.deepEqual(problems(wrong), ['/effect/netWrong']);
    const plain = stage();
    plain.effect!.baseRate = rate(10, 1000);
    assert.deepEqual(problems(plain), ['/effect/baseRate/rate', '/effect/baseRate/low', '/effect/baseRate/high']);
  });

  it('stand in Markdown without a count that is of other images', () => {
    const stage = samplesStage(CLEAN, SAMPLES);
    const report: DefenseReport = exampleReport(
      (r) => void Object.assign(r, { stages: { before: stage, pruned: stage, after: stage } }),
    );
    assert.match(stageTable(report), /9\.00 \(5\.11–15\.37\), weighted/);
    assert.match(tableNote(report), /weighted by the samples' classes/);
  });
});
