import type { DefenseReport, UnitActivation } from '../../../protocol/report/report';
import { mostRaised } from '../../pass/ranking';
import type { Tell } from './consistency';
import { pruneCount } from '../../../protocol/config/pruning';

/** What was pruned of the layer: as many units as were to go, in the rule's order. */
export function pruningProblems({ layer, pruning, curve, repaired, provenance }: DefenseReport, tell: Tell): void {
  const { units, ratio } = pruning;
  const { prune } = provenance.config;
  tell.same('pruning', '/pruning/count', pruning.count, units.length, 'the number of listed units is');
  // Other strategies choose by themselves: repair.ts compares the units with the chosen attempt.
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
    'the number of listed units among the dead is',
  );
  if (!repaired) tell.same('pruning', '/pruning/count', pruning.count, 0, 'nothing was repaired, so it must be');
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
      `Unit ${spared} was kept although its score, ${score(spared)}, ranks before that of unit ${last}, ${score(last)}, which was pruned.`,
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
  if (last === undefined)
    return tell.same('pruning', '/pruning/amongTriggerRaised', found, 0, 'nothing was pruned, so it must be');
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
