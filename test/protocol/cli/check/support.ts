import { changeMatrix } from '../../../fixtures/matrices';
import assert from 'node:assert/strict';
import path from 'node:path';
import { judge, judgeGates } from '../../../../server/engine/defense/verdict';
import { rate } from '../../../../server/engine/metrics/rate';
import { exactPValue } from '../../../../server/engine/metrics/mcnemar';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import type { CheckedReport } from '../../../../server/protocol/report/review';
import { makeTempDir } from '../../../harness/processes';
import { ReviewRepo, type CheckAnswer } from '../../review-repo';

/** The ids of what failed, in order. */
export const fails = ({ results }: CheckedReport): string[] =>
  results.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id);
export const warned = ({ results }: CheckedReport): string[] =>
  results.filter(({ outcome }) => outcome === 'warn').map(({ id }) => id);
export const only = ({ reports }: CheckAnswer): CheckedReport => {
  assert.equal(reports.length, 1);
  return reports[0]!;
};
/** Gates that the attacked model meets, so that an honest change can pass. */
export const LOOSE = '"backend": "wasm", "gates": { "maxAttackSuccessRate": 1, "maxAccuracyDrop": 0.2 }';

/**
 * A report with `images` triggered inputs moved from the target to their true class after the defense, and everything that follows
 * from the counts worked out again: what somebody forges who knows the format.
 */
export function forged(report: DefenseReport, images: number): DefenseReport {
  const copy = structuredClone(report);
  const { after } = copy.stages;
  const target = copy.trigger!.target;
  let left = images;
  changeMatrix(copy.confusion.after, 'triggered', (matrix) => {
    for (const [label, row] of matrix.entries()) {
      const moved = label === target ? 0 : Math.min(left, row[target]!);
      row[target]! -= moved;
      row[label]! += moved;
      left -= moved;
    }
  });
  assert.equal(left, 0);
  after.attackSuccessRate = rate(after.attackSuccessRate!.hits - images, after.attackSuccessRate!.of);
  after.robustAccuracy = rate(after.robustAccuracy!.hits + images, after.robustAccuracy!.of);
  const { effect } = after;
  const gained = effect!.classes!.find((one) => one.class === target)!;
  gained.gained -= images;
  effect!.netWrong = Number((effect!.netWrong - images / after.cleanAccuracy.of).toFixed(6));
  const test = copy.comparison.attackSuccess!;
  copy.comparison.attackSuccess = {
    ...test,
    onlyBefore: test.onlyBefore + images,
    pValue: Number(exactPValue(test.onlyBefore + images, test.onlyAfter).toPrecision(9)),
  };
  copy.gates = judgeGates(copy, copy.provenance.config.gates);
  copy.verdict = judge(copy, copy.provenance.config.gates);
  return copy;
}

/** Two repositories with a committed example, for the tests of a suite: one whose gates the attacked model misses, one whose gates it meets. */
export class CheckRepos {
  strict!: ReviewRepo;
  loose!: ReviewRepo;
  private readonly temp = makeTempDir('fp-check-');
  private number = 0;

  /** Made before the suite's tests, gone after them. */
  constructor() {
    before(async () => {
      this.strict = await ReviewRepo.make(path.join(this.dir, 'strict'));
      this.loose = await ReviewRepo.make(path.join(this.dir, 'loose'), LOOSE);
    });
    after(() => this.temp.remove());
  }

  get dir(): string {
    return this.temp.dir;
  }

  copyOf(repo: ReviewRepo): ReviewRepo {
    return repo.copy(path.join(this.dir, `copy-${this.number++}`));
  }
}
