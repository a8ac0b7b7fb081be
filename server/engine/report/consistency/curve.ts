import type { DefenseReport } from '../../../protocol/report/report';
import { rate } from '../../metrics/rate';
import type { Tell } from './consistency';

/** A curve is counted in other arithmetic than the stages: an image on the edge between two classes may fall either way. */
const NEAR = 2;

/** The pruning curve: its points, the numbers that are recommended on it, and where it meets the stages. */
export function curveProblems(report: DefenseReport, tell: Tell): void {
  pointProblems(report, tell);
  recommendationProblems(report, tell);
  curveEnds(report, tell);
}

function pointProblems({ curve, layer, data, trigger }: DefenseReport, tell: Tell): void {
  const { points } = curve;
  tell.same('curve', '/curve/points', points[0]?.pruned, 0, 'the curve begins at');
  tell.same('curve', '/curve/points', points.at(-1)?.pruned, layer.units, 'the curve ends with all units,');
  const back = points.findIndex((point, at) => at > 0 && point.pruned <= points[at - 1]!.pruned);
  if (back > 0)
    tell.problem(
      'curve',
      `/curve/points/${back}`,
      `The point at ${points[back]!.pruned} comes after the one at ${points[back - 1]!.pruned}.`,
    );
  if ((curve.triggeredImages === null) !== (trigger === null))
    tell.problem(
      'trigger',
      '/curve/triggeredImages',
      'The curve must have triggered images exactly when there is a trigger.',
    );
  if (curve.images > data.test.images)
    tell.problem(
      'curve',
      '/curve/images',
      `The curve is based on ${curve.images} images, but ${data.test.images} were measured.`,
    );
  if (trigger && (curve.triggeredImages ?? 0) > trigger.inputs)
    tell.problem(
      'curve',
      '/curve/triggeredImages',
      `The curve is based on ${curve.triggeredImages} triggered inputs, but there are ${trigger.inputs}.`,
    );
  tell.same(
    'curve',
    '/curve/subset',
    curve.subset,
    curve.images < data.test.images || (trigger !== null && (curve.triggeredImages ?? 0) < trigger.inputs),
    'the numbers of images imply',
  );
}

/** Numbers that are recommended on held-out images. */
function recommendationProblems({ curve, data, pruning, provenance }: DefenseReport, tell: Tell): void {
  if ((curve.largestWithinLimit === null) !== (data.holdout.images === 0)) {
    tell.problem(
      'curve',
      '/curve/largestWithinLimit',
      'There must be a largest number within the limit if and only if there are held-out images.',
    );
  }
  if (curve.smallestWithinGate !== undefined && pruning.rule !== 'triggered-difference') {
    tell.problem(
      'curve',
      '/curve/smallestWithinGate',
      'Only the rule `triggered-difference` chooses a smallest number within the gate.',
    );
  }
  const { gates } = provenance.config;
  smallestProblems(curve, data.holdout.images, gates, tell);
  largestProblems(curve, data.holdout.images, gates, tell);
}

/** The largest number within the limit of accuracy. */
function largestProblems(
  { points, largestWithinLimit: largest }: DefenseReport['curve'],
  available: number,
  gates: DefenseReport['provenance']['config']['gates'],
  tell: Tell,
): void {
  if (!largest) return;
  const { pruned, heldOut } = largest;
  if (!points.some((point) => point.pruned === pruned))
    tell.problem('curve', '/curve/largestWithinLimit/pruned', `${pruned} is not a point on the curve.`);
  if (heldOut.images > available)
    tell.problem(
      'curve',
      '/curve/largestWithinLimit/heldOut/images',
      `${heldOut.images} held-out images were used, but there are ${available}.`,
    );
  const limit = gates.maxAccuracyDrop;
  if (heldOut.correctBefore - heldOut.correct > limit * heldOut.images + 1e-9) {
    tell.problem(
      'curve',
      '/curve/largestWithinLimit/heldOut/correct',
      `From ${heldOut.correctBefore} to ${heldOut.correct} of ${heldOut.images} is a loss above the limit of ${limit}.`,
    );
  }
}

/** What `triggered-difference` chooses on held-out images, within both gates. */
function smallestProblems(
  { points, smallestWithinGate: smallest, largestWithinLimit: largest }: DefenseReport['curve'],
  available: number,
  gates: DefenseReport['provenance']['config']['gates'],
  tell: Tell,
): void {
  if (!smallest) return;
  const { pruned, heldOut } = smallest;
  const pointer = '/curve/smallestWithinGate';
  if (!points.some((point) => point.pruned === pruned))
    tell.problem('curve', `${pointer}/pruned`, `${pruned} is not a point on the curve.`);
  if (heldOut.images > available)
    tell.problem(
      'curve',
      `${pointer}/heldOut/images`,
      `${heldOut.images} held-out images were used, but there are ${available}.`,
    );
  const { high } = rate(heldOut.successful, heldOut.triggeredImages);
  if (high > gates.maxAttackSuccessRate) {
    tell.problem(
      'curve',
      `${pointer}/heldOut/successful`,
      `${heldOut.successful} of ${heldOut.triggeredImages} triggered held-out images may be up to ${high} (95 %), above the gate of ${gates.maxAttackSuccessRate}.`,
    );
  }
  const before = largest?.heldOut.images === heldOut.images ? largest.heldOut.correctBefore : null;
  if (before !== null && before - heldOut.correct > gates.maxAccuracyDrop * heldOut.images + 1e-9) {
    tell.problem(
      'curve',
      `${pointer}/heldOut/correct`,
      `From ${before} to ${heldOut.correct} of ${heldOut.images} is a loss above the limit of ${gates.maxAccuracyDrop}.`,
    );
  }
}

/** Where curve and stages count the same thing on the same images: nothing pruned, and (in the rule's order) what was pruned. */
function curveEnds({ curve, stages, pruning, data, trigger, repaired }: DefenseReport, tell: Tell): void {
  const compared = [
    { at: curve.points.findIndex((point) => point.pruned === 0), stage: 'before' },
    {
      at: repaired && pruning.ratio !== null ? curve.points.findIndex((point) => point.pruned === pruning.count) : -1,
      stage: 'pruned',
    },
  ] as const;
  for (const { at, stage } of compared) {
    const point = curve.points[at];
    if (!point) continue;
    const { cleanAccuracy, attackSuccessRate } = stages[stage];
    if (curve.images === data.test.images && Math.abs(point.correct - cleanAccuracy.hits) > NEAR) {
      tell.problem(
        'curve',
        `/curve/points/${at}/correct`,
        `The curve has ${point.correct} correct images at ${point.pruned} pruned, but \`/stages/${stage}\` has ${cleanAccuracy.hits}.`,
      );
    }
    if (
      trigger &&
      attackSuccessRate &&
      point.successful !== null &&
      curve.triggeredImages === trigger.inputs &&
      Math.abs(point.successful - attackSuccessRate.hits) > NEAR
    ) {
      tell.problem(
        'curve',
        `/curve/points/${at}/successful`,
        `The curve has ${point.successful} successful inputs at ${point.pruned} pruned, but \`/stages/${stage}\` has ${attackSuccessRate.hits}.`,
      );
    }
  }
}
