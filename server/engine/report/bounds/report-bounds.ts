import { classesOf, MOST_FULL_CLASSES } from '../../../protocol/report/confusion';
import type { DefenseReport, Gate, LayerAnalysis, McNemar, StageMetrics } from '../../../protocol/report/report';
import {
  above,
  checkRate,
  count,
  firstRefused,
  index,
  length,
  MOST_CLASSES,
  MOST_UNITS,
  refuse,
  share,
  type BoundFault,
} from './bound-checks';
import { checkEffect, checkSparse } from './effect-bounds';
import { checkAttempts, checkProof } from './repair-bounds';
import { checkScan } from './scan-bounds';

/** The first figure of a report that is impossible by itself, or that would lead outside of a list; null when all are possible. */
export function firstOutOfBounds(report: DefenseReport): BoundFault | null {
  return firstRefused(() => check(report));
}

function check(report: DefenseReport): void {
  const { stages, comparison, layer, pruning, curve, fineTuning, trigger, data, model, provenance } = report;
  const classes = classesOf(report);
  count(classes, '/stages/before/confusion', MOST_CLASSES, 1);
  for (const stage of ['before', 'pruned', 'after'] as const) checkStage(stages[stage], `/stages/${stage}`, classes);
  report.gates.forEach((gate, at) => checkGate(gate, `/gates/${at}`));
  checkMcNemar(comparison.cleanAccuracy, '/comparison/cleanAccuracy');
  if (comparison.attackSuccess) checkMcNemar(comparison.attackSuccess, '/comparison/attackSuccess');
  checkLayer(layer, classes);

  index(pruning.units, layer.units, '/pruning/units');
  count(pruning.count, '/pruning/count', layer.units);
  count(pruning.dead, '/pruning/dead', layer.units);
  if (pruning.amongTriggerRaised !== null)
    count(pruning.amongTriggerRaised, '/pruning/amongTriggerRaised', layer.units);
  if (typeof pruning.ratio === 'number') share(pruning.ratio, '/pruning/ratio');

  count(curve.images, '/curve/images');
  if (curve.triggeredImages !== null) count(curve.triggeredImages, '/curve/triggeredImages');
  curve.points.forEach((point, at) => {
    count(point.pruned, `/curve/points/${at}/pruned`, layer.units);
    count(point.correct, `/curve/points/${at}/correct`, curve.images);
    if ((point.successful === null) !== (curve.triggeredImages === null))
      refuse(`/curve/points/${at}/successful`, 'is null where triggered images were counted, or the other way round');
    if (point.successful !== null) count(point.successful, `/curve/points/${at}/successful`, curve.triggeredImages!);
  });
  if (curve.largestWithinLimit) {
    const { pruned, heldOut } = curve.largestWithinLimit;
    count(pruned, '/curve/largestWithinLimit/pruned', layer.units);
    count(heldOut.images, '/curve/largestWithinLimit/heldOut/images');
    for (const key of ['correct', 'correctBefore'] as const)
      count(heldOut[key], `/curve/largestWithinLimit/heldOut/${key}`, heldOut.images);
  }
  if (curve.smallestWithinGate) {
    const { pruned, heldOut } = curve.smallestWithinGate;
    const pointer = '/curve/smallestWithinGate';
    count(pruned, `${pointer}/pruned`, layer.units);
    for (const key of ['images', 'triggeredImages'] as const) count(heldOut[key], `${pointer}/heldOut/${key}`);
    count(heldOut.correct, `${pointer}/heldOut/correct`, heldOut.images);
    count(heldOut.successful, `${pointer}/heldOut/successful`, heldOut.triggeredImages);
  }

  for (const key of ['epochs', 'steps', 'images', 'batchSize'] as const) count(fineTuning[key], `/fineTuning/${key}`);
  above(fineTuning.learningRate, '/fineTuning/learningRate', 1);
  fineTuning.history.forEach(({ epoch, loss, accuracy }, at) => {
    count(epoch, `/fineTuning/history/${at}/epoch`);
    above(loss, `/fineTuning/history/${at}/loss`, Number.MAX_VALUE);
    share(accuracy, `/fineTuning/history/${at}/accuracy`);
  });

  if (trigger) {
    count(trigger.target, '/trigger/target', classes - 1);
    count(trigger.inputs, '/trigger/inputs');
  }
  count(data.classes, '/data/classes', classes);
  data.shape.forEach((size, at) => count(size, `/data/shape/${at}`));
  count(data.analysis.images, '/data/analysis/images');
  count(data.holdout.images, '/data/holdout/images');
  for (const role of ['fineTune', 'test'] as const) {
    count(data[role].available, `/data/${role}/available`);
    count(data[role].images, `/data/${role}/images`, data[role].available);
  }
  if (report.scan) checkScan(report.scan, '/scan', { classes, shape: data.shape });
  if (report.attempts) checkAttempts(report.attempts, { classes, shape: data.shape });
  if (report.proof) checkProof(report.proof, { classes, shape: data.shape });
  for (const key of ['layers', 'parameters'] as const) count(model[key], `/model/${key}`);
  count(provenance.threads, '/provenance/threads', 4096, 1);
  share(provenance.config.gates.maxAttackSuccessRate, '/provenance/config/gates/maxAttackSuccessRate');
  share(provenance.config.gates.maxAccuracyDrop, '/provenance/config/gates/maxAccuracyDrop');
  if (typeof provenance.config.prune.ratio === 'number')
    share(provenance.config.prune.ratio, '/provenance/config/prune/ratio');
}

function checkStage(stage: StageMetrics, pointer: string, classes: number): void {
  for (const figure of ['cleanAccuracy', 'attackSuccessRate', 'robustAccuracy'] as const) {
    const rate = stage[figure];
    if (rate) checkRate(rate, `${pointer}/${figure}`);
  }
  // Above 100 classes the matrices are sparse, and the full ones are empty.
  const full = stage.sparse ? 0 : classes;
  if (stage.sparse && classes <= MOST_FULL_CLASSES)
    refuse(`${pointer}/sparse`, `is for more than ${MOST_FULL_CLASSES} classes; there are ${classes}`);
  checkMatrix(stage.confusion, `${pointer}/confusion`, full);
  if (stage.triggeredConfusion) checkMatrix(stage.triggeredConfusion, `${pointer}/triggeredConfusion`, full);
  length(stage.perClass, `${pointer}/perClass`, full, 'one rate per class');
  if (stage.sparse) checkSparse(stage.sparse, `${pointer}/sparse`, classes);
  if (stage.effect) checkEffect(stage.effect, `${pointer}/effect`, classes);
  stage.perClass.forEach((rate, at) => checkRate(rate, `${pointer}/perClass/${at}`));
}

function checkMatrix(matrix: readonly number[][], pointer: string, classes: number): void {
  length(matrix, pointer, classes, 'one row per class');
  matrix.forEach((row, at) => {
    length(row, `${pointer}/${at}`, classes, 'one count per class');
    row.forEach((n, column) => count(n, `${pointer}/${at}/${column}`));
  });
}

function checkGate({ limit, measured, judged }: Gate, pointer: string): void {
  share(limit, `${pointer}/limit`);
  // A drop in accuracy is below 0 where accuracy rose.
  for (const [key, value] of [
    ['measured', measured],
    ['judged', judged],
  ] as const) {
    if (value !== null && Math.abs(value) > 1)
      refuse(`${pointer}/${key}`, `is ${value}; a share from -1 to 1 was expected`);
  }
}

function checkMcNemar({ onlyBefore, onlyAfter, pValue }: McNemar, pointer: string): void {
  count(onlyBefore, `${pointer}/onlyBefore`);
  count(onlyAfter, `${pointer}/onlyAfter`);
  share(pValue, `${pointer}/pValue`);
}

function checkLayer(layer: LayerAnalysis, classes: number): void {
  count(layer.units, '/layer/units', MOST_UNITS, 1);
  count(layer.images, '/layer/images');
  index(layer.dead, layer.units, '/layer/dead');
  length(layer.activations, '/layer/activations', layer.units, 'one entry per unit');
  layer.activations.forEach((unit, at) => {
    const pointer = `/layer/activations/${at}`;
    length(
      unit.perClass,
      `${pointer}/perClass`,
      classes > MOST_FULL_CLASSES && unit.perClass.length === 0 ? 0 : classes,
      'one mean per class',
    );
    above(unit.cleanMeanAbs, `${pointer}/cleanMeanAbs`, Number.MAX_VALUE);
    share(unit.cleanFires, `${pointer}/cleanFires`);
    if ((unit.triggeredMean === null) !== (unit.triggeredFires === null))
      refuse(`${pointer}/triggeredMean`, 'and `triggeredFires` must both be null or both be numbers');
    if (unit.triggeredFires !== null) share(unit.triggeredFires, `${pointer}/triggeredFires`);
  });
}
