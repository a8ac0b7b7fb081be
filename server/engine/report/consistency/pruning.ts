import { cleanConfusion, labelCounts } from '../../../protocol/report/confusion';
import type { DefenseReport, UnitActivation } from '../../../protocol/report/report';
import { mostRaised } from '../../pass/ranking';
import { rate } from '../../metrics/rate';
import type { Tell } from './consistency';
import { sum } from './metrics';
import { pruneCount } from '../../../protocol/pruning';

/** A curve is counted in other arithmetic than the stages: an image on the edge between two classes may fall either way. */
const NEAR = 2;

/** The analysed layer, what was pruned of it, and the curve. */
export function pruningProblems(report: DefenseReport, tell: Tell): void {
  layerProblems(report, tell);
  choiceProblems(report, tell);
  curveProblems(report, tell);
  curveEnds(report, tell);
}

function layerProblems({ layer, data, trigger, stages }: DefenseReport, tell: Tell): void {
  tell.same('layer', '/layer/images', layer.images, data.analysis.images, '`/data/analysis/images` is');
  const dead = new Set(layer.dead);
  if (layer.dead.some((u, at) => at > 0 && u < layer.dead[at - 1]!))
    tell.problem('layer', '/layer/dead', '`/layer/dead` is not in ascending order.');
  const onTest = data.analysis.role === 'test' && data.analysis.images === data.test.images;
  const classImages = onTest ? labelCounts(cleanConfusion(stages.before)) : null;
  layer.activations.forEach((unit, u) => {
    const pointer = `/layer/activations/${u}`;
    if ((unit.triggeredMean === null) !== (trigger === null))
      tell.problem(
        'trigger',
        `${pointer}/triggeredMean`,
        `\`${pointer}\` must have triggered activations exactly when there is a trigger.`,
      );
    const fault = unitFault(unit, dead.has(u), layer.images, trigger?.inputs ?? 0, classImages);
    if (fault) tell.problem('layer', pointer, `Unit ${u} of the layer ${fault}.`);
  });
}

/** What can't be true of one unit; null when nothing is wrong. */
function unitFault(
  unit: UnitActivation,
  dead: boolean,
  images: number,
  triggered: number,
  classImages: number[] | null,
): string | null {
  const { cleanMean, cleanMeanAbs, cleanFires, perClass, triggeredFires, triggeredMean } = unit;
  const slack = 1e-6 * cleanMeanAbs;
  if (Math.abs(cleanMean) > cleanMeanAbs + slack)
    return `has a mean of ${cleanMean} but a mean absolute value of ${cleanMeanAbs}`;
  if (cleanMeanAbs === 0 && !dead) return 'is 0 on every clean image but is not among the dead';
  if (cleanMeanAbs === 0 && cleanFires > 0) return 'fires although it is 0 on every clean image';
  if (cleanMean > slack && cleanFires === 0) return `has a mean of ${cleanMean} but fires on no image`;
  if ((triggeredMean ?? 0) > 0 && triggeredFires === 0)
    return `has a mean of ${triggeredMean} on triggered inputs but fires on none of them`;
  if (!isCount(cleanFires, images))
    return `fires on ${cleanFires} of ${images} clean images, which is no whole number of them`;
  if (triggeredFires !== null && !isCount(triggeredFires, triggered))
    return `fires on ${triggeredFires} of ${triggered} triggered inputs, which is no whole number of them`;
  if (dead && cleanFires !== 0 && cleanFires !== 1)
    return `is constant over the clean images but fires on a share of ${cleanFires} of them`;
  if (dead && perClass.some((mean) => mean !== 0 && Math.abs(mean - cleanMean) > slack))
    return 'is among the dead, which are constant, but its mean differs from class to class';
  if (classImages && perClass.length > 0) {
    const mean = sum(perClass.map((m, label) => m * classImages[label]!)) / sum(classImages);
    if (Math.abs(mean - cleanMean) > slack + 1e-12)
      return `has a mean of ${cleanMean}, but the means by class give ${Number(mean.toPrecision(6))}`;
  }
  return null;
}

/** Whether a share, rounded to six decimals, is a whole number of `of`. */
function isCount(share: number, of: number): boolean {
  const count = share * of;
  return Math.abs(count - Math.round(count)) <= of * 0.51e-6 + 1e-9;
}

function choiceProblems({ layer, pruning, curve, repaired, provenance }: DefenseReport, tell: Tell): void {
  const { units, ratio } = pruning;
  const { prune } = provenance.config;
  tell.same('pruning', '/pruning/count', pruning.count, units.length, 'the units listed are');
  // Other strategies choose by themselves: consistency-repair.ts holds the units against the chosen attempt.
  const asked = provenance.config.strategy === undefined;
  if (asked) {
    tell.same('pruning', '/pruning/ratio', ratio, prune.ratio, 'the config asks for');
    tell.same('pruning', '/pruning/rule', pruning.rule, prune.rule, 'the config asks for');
  }
  const dead = new Set(layer.dead);
  tell.same(
    'pruning',
    '/pruning/dead',
    pruning.dead,
    units.filter((u) => dead.has(u)).length,
    'of the units listed, so many are among the dead:',
  );
  if (!repaired) tell.same('pruning', '/pruning/count', pruning.count, 0, 'nothing was repaired:');
  else if (typeof ratio === 'number')
    tell.same(
      'pruning',
      '/pruning/count',
      pruning.count,
      pruneCount(ratio, layer.units),
      `a ratio of ${ratio} of ${layer.units} units is`,
    );
  else if (ratio === 'auto' && curve.smallestWithinGate)
    tell.same(
      'pruning',
      '/pruning/count',
      pruning.count,
      curve.smallestWithinGate.pruned,
      '`auto` takes the smallest number within the gate,',
    );
  else if (ratio === 'auto' && asked && pruning.rule !== 'triggered-difference')
    tell.same(
      'pruning',
      '/pruning/count',
      pruning.count,
      curve.largestWithinLimit?.pruned ?? null,
      '`auto` takes the largest number within the limit,',
    );
  else if (prune.units && [...units].sort((a, b) => a - b).join() !== [...prune.units].sort((a, b) => a - b).join()) {
    tell.problem('pruning', '/pruning/units', '`/pruning/units` are not the units that the config names.');
  }
  // Rises, and the means that other strategies go by, are of held-out images, which the report has no activations of.
  if (ratio !== null && asked && pruning.rule !== 'triggered-difference')
    orderProblems(layer.activations, pruning, tell);
  raisedProblems(layer.activations, pruning, tell);
}

/** Lowest score first. Scores are rounded in the report, so only those that differ there decide, and zeros, which are exact. */
function orderProblems(
  activations: readonly UnitActivation[],
  { units, rule }: DefenseReport['pruning'],
  tell: Tell,
): void {
  const score = (u: number): number =>
    rule === 'clean-mean' ? activations[u]!.cleanMean : activations[u]!.cleanMeanAbs;
  const wrong = (a: number, b: number): boolean =>
    score(a) > score(b) ||
    (score(a) === 0 &&
      score(b) === 0 &&
      activations[a]!.cleanMeanAbs === 0 &&
      activations[b]!.cleanMeanAbs === 0 &&
      a > b);
  const at = units.findIndex((u, i) => i > 0 && wrong(units[i - 1]!, u));
  if (at > 0) {
    tell.problem(
      'pruning',
      `/pruning/units/${at}`,
      `Unit ${units[at - 1]} was pruned before unit ${units[at]}, although its score is not lower (${score(units[at - 1]!)} and ${score(units[at]!)}).`,
    );
  }
  const last = units.at(-1);
  if (last === undefined) return;
  const pruned = new Set(units);
  const spared = activations.findIndex((_, u) => !pruned.has(u) && wrong(last, u));
  if (spared >= 0) {
    tell.problem(
      'pruning',
      '/pruning/units',
      `Unit ${spared} was kept although its score, ${score(spared)}, goes before that of unit ${last}, ${score(last)}, which was pruned.`,
    );
  }
}

/** Of the units raised most, those whose rises differ from the last one's beyond rounding are certain; ties leave room. */
function raisedProblems(
  activations: readonly UnitActivation[],
  { units, amongTriggerRaised: found }: DefenseReport['pruning'],
  tell: Tell,
): void {
  const triggered = activations.map((a) => a.triggeredMean);
  if (triggered.some((mean) => mean === null)) {
    tell.same('pruning', '/pruning/amongTriggerRaised', found, null, 'without triggered activations it must be');
    return;
  }
  const rise = (u: number): number => triggered[u]! - activations[u]!.cleanMean;
  const slack = (u: number): number => 1e-8 * (Math.abs(triggered[u]!) + Math.abs(activations[u]!.cleanMean));
  const last = mostRaised(
    activations.map((a) => a.cleanMean),
    triggered as number[],
    units.length,
  ).at(-1);
  if (last === undefined) return tell.same('pruning', '/pruning/amongTriggerRaised', found, 0, 'nothing was pruned:');
  const above = (u: number): boolean => rise(u) - rise(last) > slack(u) + slack(last);
  const below = (u: number): boolean => rise(last) - rise(u) > slack(u) + slack(last);
  const certain = activations.filter((_, u) => above(u)).length;
  const low = units.filter(above).length;
  const high = low + Math.min(units.filter((u) => !above(u) && !below(u)).length, units.length - certain);
  if (found === null || found < low || found > high) {
    tell.problem(
      'pruning',
      '/pruning/amongTriggerRaised',
      `\`/pruning/amongTriggerRaised\` is ${found}, but the activations give ${low === high ? low : `${low} to ${high}`}.`,
    );
  }
}

function curveProblems({ curve, layer, data, trigger, pruning, provenance }: DefenseReport, tell: Tell): void {
  const { points, largestWithinLimit: largest } = curve;
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
      `The curve rests on ${curve.images} images, but ${data.test.images} were measured.`,
    );
  if (trigger && (curve.triggeredImages ?? 0) > trigger.inputs)
    tell.problem(
      'curve',
      '/curve/triggeredImages',
      `The curve rests on ${curve.triggeredImages} triggered inputs, but there are ${trigger.inputs}.`,
    );
  tell.same(
    'curve',
    '/curve/subset',
    curve.subset,
    curve.images < data.test.images || (trigger !== null && (curve.triggeredImages ?? 0) < trigger.inputs),
    'by the numbers of images it is',
  );
  if ((largest === null) !== (data.holdout.images === 0)) {
    tell.problem(
      'curve',
      '/curve/largestWithinLimit',
      'A largest number within the limit must be there exactly when there are held-out images.',
    );
  }
  if (curve.smallestWithinGate !== undefined && pruning.rule !== 'triggered-difference') {
    tell.problem(
      'curve',
      '/curve/smallestWithinGate',
      'A smallest number within the gate is chosen by the rule `triggered-difference` only.',
    );
  }
  smallestProblems(curve, data.holdout.images, provenance.config.gates, tell);
  if (!largest) return;
  const { pruned, heldOut } = largest;
  if (!points.some((point) => point.pruned === pruned))
    tell.problem('curve', '/curve/largestWithinLimit/pruned', `${pruned} is no point of the curve.`);
  if (heldOut.images > data.holdout.images)
    tell.problem(
      'curve',
      '/curve/largestWithinLimit/heldOut/images',
      `${heldOut.images} held-out images were used, but there are ${data.holdout.images}.`,
    );
  const limit = provenance.config.gates.maxAccuracyDrop;
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
    tell.problem('curve', `${pointer}/pruned`, `${pruned} is no point of the curve.`);
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
