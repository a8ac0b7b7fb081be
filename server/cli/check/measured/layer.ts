import type { MeasureOutcome } from '../../../protocol/messages/engine';
import type { DefenseReport, LayerAnalysis, PruningCurve } from '../../../protocol/report/report';
import type { CheckResult } from '../../../protocol/report/review';
import { fail, hold } from '../context';
import { near, TOLERANCE_IMAGES } from './tolerance';
import { HOW_FOUND } from '../../../protocol/report/words';

/** Means of activations: float32 sums in another order differ by less than this share of the layer's largest mean. */
const TOLERANCE_ACTIVATION = 1e-3;

/** Whether what was pruned is silent in the defended model. */
export function silenceResult(
  { pruning, layer }: DefenseReport,
  { weighted, changed, inputs }: NonNullable<MeasureOutcome['silence']>,
): CheckResult {
  const shown = weighted.slice(0, 10).join(', ') + (weighted.length > 10 ? ` and ${weighted.length - 10} more` : '');
  const why = [
    ...(weighted.length
      ? [`${weighted.length} of ${pruning.count} units have weights that are not zero (${shown})`]
      : []),
    ...(changed ? [`${changed} of ${inputs} predictions change when the units are masked`] : []),
  ];
  return hold(
    'measure.silent',
    why.length === 0,
    {
      good: `The ${pruning.count} pruned units of ${layer.name} are silent in the defended model: their weights are zero, and masking them changes none of ${inputs} predictions.`,
      bad: `Units that are said to be pruned are not silent in the defended model: ${why.join('; ')}.`,
    },
    '/pruning/units',
  );
}

/** The analysed layer and the means of its activations. */
export function activationResult(told: LayerAnalysis, here: LayerAnalysis): CheckResult {
  const pointer = '/layer/activations';
  if (told.name !== here.name || told.units !== here.units || told.images !== here.images) {
    return fail(
      'measure.activations',
      `The config chooses ${here.name} with ${here.units} units on ${here.images} images, but the report analysed ${told.name} with ${told.units} on ${told.images}.`,
      '/layer',
    );
  }
  if (told.chosen !== 'named' && told.chosen !== here.chosen) {
    return fail(
      'measure.activations',
      `The report says of ${told.name}: ${HOW_FOUND[told.chosen]}. That is not the case here.`,
      '/layer/chosen',
    );
  }
  const scale = Math.max(...here.activations.flatMap((a) => [a.cleanMeanAbs, a.triggeredMean ?? 0]), 1e-12);
  const off = here.activations.map((a, u) => {
    const other = told.activations[u]!;
    const pairs = [
      [a.cleanMean, other.cleanMean],
      [a.cleanMeanAbs, other.cleanMeanAbs],
      [a.triggeredMean, other.triggeredMean],
    ] as const;
    return Math.max(
      ...pairs.map(([x, y]) => (x === null || y === null ? (x === y ? 0 : Infinity) : Math.abs(x - y) / scale)),
    );
  });
  const worst = off.indexOf(Math.max(...off));
  return hold(
    'measure.activations',
    off.every((d) => d <= TOLERANCE_ACTIVATION),
    {
      good: `The mean activations of ${here.name} match those measured here.`,
      bad: `The mean activation of unit ${worst} of ${here.name} is ${here.activations[worst]?.cleanMean} when measured again, ${told.activations[worst]?.cleanMean} in the report.`,
    },
    pointer,
  );
}

export function curveResult(told: PruningCurve, here: PruningCurve): CheckResult {
  const off = here.points.findIndex((point, at) => {
    const other = told.points[at];
    return (
      !other ||
      other.pruned !== point.pruned ||
      !near(other.correct, point.correct) ||
      (point.successful === null || other.successful === null
        ? point.successful !== other.successful
        : !near(other.successful, point.successful))
    );
  });
  const same =
    off < 0 &&
    told.points.length === here.points.length &&
    told.images === here.images &&
    told.triggeredImages === here.triggeredImages;
  return hold(
    'measure.curve',
    same,
    {
      good: `The pruning curve matches the one measured here, at all ${here.points.length} points.`,
      bad: `The pruning curve does not match the one measured here${off < 0 ? '' : `, first at ${here.points[off]!.pruned} pruned units`}: more than ${TOLERANCE_IMAGES} images apart, or on other images.`,
    },
    off < 0 ? '/curve' : `/curve/points/${Math.min(off, Math.max(0, told.points.length - 1))}`,
  );
}
