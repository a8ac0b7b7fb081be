import { classesOf } from '../confusion';
import type { LayerAnalysis, PruningCurve, PruningResult } from '../layer';
import type { StageMetrics } from '../metrics';
import type { DefenseReport } from '../report';
import { MOST_CLASSES } from '../../shape/shape';
import { checkRate, count, index, length, refuse } from './bound-checks';
import { checkEffect, checkSparse } from './effect-bounds';
import { checkAttempts, checkProof } from './repair-bounds';
import { checkScan } from './scan-bounds';

/**
 * Figures of a report that are impossible beside others, or that would lead outside of a list. Those that are impossible by themselves
 * the shape refuses.
 * @throws Refused for the first
 */
export function checkReport(report: DefenseReport): void {
  const { stages, confusion, layer, pruning, curve, trigger, data } = report;
  const classes = classesOf(report);
  count(classes, '/confusion/before/clean/of', MOST_CLASSES, 1);
  for (const stage of ['before', 'pruned', 'after'] as const) {
    checkStage(stages[stage], `/stages/${stage}`, classes);
    checkSparse(confusion[stage], `/confusion/${stage}`, classes);
  }
  checkLayer(layer, classes);
  checkPruning(pruning, layer.units);
  checkCurve(curve, layer.units);
  if (trigger) count(trigger.target, '/trigger/target', classes - 1);
  count(data.classes, '/data/classes', classes);
  for (const role of ['fineTune', 'test'] as const)
    count(data[role].images, `/data/${role}/images`, data[role].available);
  const model = { classes, shape: data.shape };
  if (report.scan) checkScan(report.scan, '/scan', model);
  if (report.attempts) checkAttempts(report.attempts, model);
  if (report.proof) checkProof(report.proof, model);
}

function checkPruning(pruning: PruningResult, units: number): void {
  index(pruning.units, units, '/pruning/units');
  count(pruning.count, '/pruning/count', units);
  count(pruning.dead, '/pruning/dead', units);
  if (pruning.amongTriggerRaised !== null) count(pruning.amongTriggerRaised, '/pruning/amongTriggerRaised', units);
}

function checkCurve(curve: PruningCurve, units: number): void {
  curve.points.forEach((point, at) => {
    const pointer = `/curve/points/${at}`;
    count(point.pruned, `${pointer}/pruned`, units);
    count(point.correct, `${pointer}/correct`, curve.images);
    if ((point.successful === null) !== (curve.triggeredImages === null))
      refuse(`${pointer}/successful`, 'is null where triggered images were counted, or the other way round');
    if (point.successful !== null) count(point.successful, `${pointer}/successful`, curve.triggeredImages!);
  });
  if (curve.largestWithinLimit) {
    const { pruned, heldOut } = curve.largestWithinLimit;
    const pointer = '/curve/largestWithinLimit';
    count(pruned, `${pointer}/pruned`, units);
    for (const key of ['correct', 'correctBefore'] as const)
      count(heldOut[key], `${pointer}/heldOut/${key}`, heldOut.images);
  }
  if (curve.smallestWithinGate) {
    const { pruned, heldOut } = curve.smallestWithinGate;
    const pointer = '/curve/smallestWithinGate';
    count(pruned, `${pointer}/pruned`, units);
    count(heldOut.correct, `${pointer}/heldOut/correct`, heldOut.images);
    count(heldOut.successful, `${pointer}/heldOut/successful`, heldOut.triggeredImages);
  }
}

function checkStage(stage: StageMetrics, pointer: string, classes: number): void {
  for (const figure of ['cleanAccuracy', 'attackSuccessRate', 'robustAccuracy'] as const) {
    const rate = stage[figure];
    if (rate) checkRate(rate, `${pointer}/${figure}`);
  }
  if (stage.effect) checkEffect(stage.effect, `${pointer}/effect`, classes);
}

function checkLayer(layer: LayerAnalysis, classes: number): void {
  index(layer.dead, layer.units, '/layer/dead');
  length(layer.activations, '/layer/activations', layer.units, 'one entry per unit');
  length(layer.classMeans, '/layer/classMeans', layer.units, 'one entry per unit');
  layer.classMeans.forEach((means, at) => {
    if (means.length > 0) length(means, `/layer/classMeans/${at}`, classes, 'one mean per class');
  });
  layer.activations.forEach((unit, at) => {
    const pointer = `/layer/activations/${at}`;
    if ((unit.triggeredMean === null) !== (unit.triggeredFires === null))
      refuse(`${pointer}/triggeredMean`, 'and `triggeredFires` must both be null or both be numbers');
  });
}
