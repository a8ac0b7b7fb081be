import { stat } from 'node:fs/promises';
import { startMeasure } from '../../jobs/engine-process';
import type { OpenConfig } from '../../engine/config/read-config';
import { formerHoldout } from '../../engine/report/consistency/settings';
import { cleanConfusion, triggeredConfusion, type Confusion } from '../../protocol/report/confusion';
import type { MeasureOutcome, MeasureRequest } from '../../protocol/messages/engine';
import type {
  DefenseReport,
  LayerAnalysis,
  McNemar,
  PruningCurve,
  Rate,
  StageMetrics,
} from '../../protocol/report/report';
import type { CheckResult } from '../../protocol/report/review';
import { inversionOf } from '../../protocol/report/scan';
import { fail, hold, pass, warn, type CheckContext, type Target } from './context';
import { defendedPath, failure } from './integrity';
import { HOW_FOUND } from '../../protocol/report/words';
import { capital } from '../../protocol/words';

/** Another engine, or another processor, may put some image on the other side of a boundary. */
export const TOLERANCE_IMAGES = 2;
/** Means of activations: float32 sums in another order differ by less than this share of the layer's largest mean. */
const TOLERANCE_ACTIVATION = 1e-3;

/**
 * Measures the committed models again, without training, and holds every figure of the report against what comes out.
 * @returns what was measured, null when it could not be
 * @throws FinePruneError of kind `engine` or `cancelled`
 */
export async function measuredResults(
  target: Target,
  report: DefenseReport,
  opened: OpenConfig,
  context: CheckContext,
): Promise<{ results: CheckResult[]; measured: MeasureOutcome | null }> {
  try {
    const defended = report.model.after ? await defendedPath(target, report) : null;
    if (defended !== null && !(await stat(defended).catch(() => null))?.isFile()) {
      return {
        results: [
          fail(
            'measure.impossible',
            `The defended model ${report.model.after!.path} is not here: commit it, so that it can be measured.`,
            '/model/after/path',
          ),
        ],
        measured: null,
      };
    }
    const { seed, curve, threads, strategy = 'fine-pruning' } = report.provenance.config;
    const holdout = formerHoldout(report);
    const measured = await startMeasure(
      {
        config: opened.file,
        root: target.allowed.root,
        allowedFolders: [...target.allowed.folders],
        defended,
        layer: report.layer.name,
        units: report.pruning.units,
        rule: report.pruning.rule,
        ...estimateOf(report),
        overrides: { seed, curve, threads, strategy, backend: context.backend, ...(holdout !== null && { holdout }) },
      },
      { onEvent: context.onEvent, signal: context.signal },
    );
    return { results: [...compareMeasured(report, measured), ...estimateResult(report)], measured };
  } catch (error) {
    return {
      results: [failure('measure.impossible', 'The models could not be measured again', error)],
      measured: null,
    };
  }
}

/** The trigger that a run estimated, as its report has it: estimating it anew would be another scan. */
function estimateOf({ trigger, scan }: DefenseReport): Pick<MeasureRequest, 'estimated'> {
  const estimate = trigger && scan && inversionOf(scan, trigger.target)?.estimate;
  return estimate ? { estimated: { target: trigger.target, trigger: estimate } } : {};
}

function estimateResult({ trigger, proof }: DefenseReport): CheckResult[] {
  if (trigger?.source !== 'estimated' && !proof) return [];
  const what =
    trigger?.source === 'estimated'
      ? `The trigger estimated for class ${trigger.target} is the one that the report holds${proof ? ', and its fresh inversion was not made again' : ''}`
      : 'The fresh inversion of the repaired model was not made again';
  return [
    warn(
      'measure.estimate',
      `${what}; \`--reproduce\` does both.`,
      trigger?.source === 'estimated' ? '/trigger' : '/proof',
    ),
  ];
}

/** Every figure of a report against the same figure measured again. */
export function compareMeasured(report: DefenseReport, measured: MeasureOutcome): CheckResult[] {
  return [
    ...(['before', 'pruned', 'after'] as const).flatMap((stage) =>
      stageResults(
        report.stages[stage],
        measured.stages[stage] ?? (report.repaired ? null : measured.stages.before),
        stage,
      ),
    ),
    ...(measured.comparison ? [mcnemarResult(report, measured.comparison)] : []),
    ...(measured.silence ? [silenceResult(report, measured.silence)] : []),
    activationResult(report.layer, measured.layer),
    curveResult(report.curve, measured.curve),
    ...hashResults(report, measured),
  ];
}

const FIGURES: [key: 'cleanAccuracy' | 'attackSuccessRate' | 'robustAccuracy', title: string][] = [
  ['cleanAccuracy', 'clean accuracy'],
  ['attackSuccessRate', 'ASR'],
  ['robustAccuracy', 'robust accuracy'],
];
const STAGES = { before: 'before', pruned: 'after pruning', after: 'after fine-tuning' } as const;

function stageResults(told: StageMetrics, here: StageMetrics | null, stage: keyof typeof STAGES): CheckResult[] {
  if (!here)
    return [fail('measure.impossible', `The model ${STAGES[stage]} could not be measured.`, `/stages/${stage}`)];
  const figures = FIGURES.map(([key, title]) =>
    hold(
      'measure.figure',
      sameRate(told[key], here[key]),
      {
        good: `${capital(title)} ${STAGES[stage]}: ${words(here[key])} measured here, ${words(told[key])} in the report.`,
        bad: `${capital(title)} ${STAGES[stage]} is ${words(here[key])} when it is measured again, ${words(told[key])} in the report: more than ${TOLERANCE_IMAGES} images apart.`,
      },
      `/stages/${stage}/${key}`,
    ),
  );
  const tables = [
    sameConfusion(cleanConfusion(told), cleanConfusion(here)),
    sameConfusion(triggeredConfusion(told), triggeredConfusion(here)),
    told.perClass.length === here.perClass.length &&
      told.perClass.every((rate, at) => sameRate(rate, here.perClass[at]!)),
  ];
  return [
    ...figures,
    ...effectResults(told, here, stage),
    hold(
      'measure.confusion',
      tables.every(Boolean),
      {
        good: `The confusion matrices and per-class accuracies ${STAGES[stage]} are those measured here.`,
        bad: `A confusion matrix or per-class accuracy ${STAGES[stage]} is not what is measured here: a cell is more than ${TOLERANCE_IMAGES} images apart.`,
      },
      `/stages/${stage}/confusion`,
    ),
  ];
}

function mcnemarResult({ comparison }: DefenseReport, here: DefenseReport['comparison']): CheckResult {
  const same = (a: McNemar | null, b: McNemar | null): boolean =>
    a === null || b === null ? a === b : near(a.onlyBefore, b.onlyBefore) && near(a.onlyAfter, b.onlyAfter);
  return hold(
    'measure.comparison',
    same(comparison.cleanAccuracy, here.cleanAccuracy) && same(comparison.attackSuccess, here.attackSuccess),
    {
      good: 'The paired comparison of before and after is the one measured here.',
      bad: `The paired comparison of before and after is not the one measured here: more than ${TOLERANCE_IMAGES} images apart.`,
    },
    '/comparison',
  );
}

function silenceResult(
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

function activationResult(told: LayerAnalysis, here: LayerAnalysis): CheckResult {
  const pointer = '/layer/activations';
  if (told.name !== here.name || told.units !== here.units || told.images !== here.images) {
    return fail(
      'measure.activations',
      `The config chooses ${here.name} with ${here.units} units on ${here.images} images, the report analysed ${told.name} with ${told.units} on ${told.images}.`,
      '/layer',
    );
  }
  if (told.chosen !== 'named' && told.chosen !== here.chosen) {
    return fail(
      'measure.activations',
      `The report says of ${told.name}: ${HOW_FOUND[told.chosen]}. That is not so here.`,
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
      good: `The mean activations of ${here.name} are those measured here.`,
      bad: `The mean activation of unit ${worst} of ${here.name} is ${here.activations[worst]?.cleanMean} when it is measured again, ${told.activations[worst]?.cleanMean} in the report.`,
    },
    pointer,
  );
}

function curveResult(told: PruningCurve, here: PruningCurve): CheckResult {
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
      good: `The pruning curve is the one measured here, at all ${here.points.length} points.`,
      bad: `The pruning curve is not the one measured here${off < 0 ? '' : `, first at ${here.points[off]!.pruned} pruned units`}: more than ${TOLERANCE_IMAGES} images apart, or on other images.`,
    },
    off < 0 ? '/curve' : `/curve/points/${Math.min(off, Math.max(0, told.points.length - 1))}`,
  );
}

/** The models that were measured must be those that the hashes name, not ones that took their place meanwhile. */
function hashResults({ model }: DefenseReport, { hashes }: MeasureOutcome): CheckResult[] {
  return (['before', 'after'] as const).flatMap((side) => {
    const [told, here] = [model[side], hashes[side]];
    if (!told || !here) return [];
    const same = told.topology === here.topology && told.weights === here.weights;
    return [
      same
        ? pass(
            'measure.model',
            `The ${side === 'before' ? 'input' : 'defended'} model that was measured is the one of the report.`,
          )
        : fail(
            'measure.model',
            `The ${side === 'before' ? 'input' : 'defended'} model that was measured is not the one of the report.`,
            `/model/${side}`,
          ),
    ];
  });
}

const near = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE_IMAGES;
const sameRate = (a: Rate | null, b: Rate | null): boolean =>
  a === null || b === null ? a === b : a.of === b.of && near(a.hits, b.hits);
const words = (rate: Rate | null): string => (rate === null ? 'nothing' : `${rate.hits} of ${rate.of}`);

function sameConfusion(a: Confusion | null, b: Confusion | null): boolean {
  if (a === null || b === null) return a === b;
  const labels = Array.from({ length: a.classes }, (_, label) => label);
  const within = (cells: Confusion, other: Confusion): boolean =>
    [...cells.wrong()].every(([label, predicted, images]) => near(images, other.count(label, predicted)));
  return (
    a.classes === b.classes &&
    labels.every((label) => near(a.count(label, label), b.count(label, label)) && near(a.of(label), b.of(label))) &&
    within(a, b) &&
    within(b, a)
  );
}

/** What the trigger does, against the same measured here. */
function effectResults(told: StageMetrics, here: StageMetrics, stage: keyof typeof STAGES): CheckResult[] {
  if (!here.effect) return [];
  if (!told.effect) {
    return stage === 'after'
      ? [
          warn(
            'measure.effect',
            'The report says nothing of what the trigger does to other classes: an earlier version wrote it. It was measured here, and the gates are judged by that; run the defense again.',
            '/stages/after',
          ),
        ]
      : [];
  }
  const [a, b] = [told.effect, here.effect];
  const images = here.cleanAccuracy.of;
  const counts = (effect: typeof a): Map<number, { gained: number; lost: number }> =>
    new Map((effect.classes ?? []).map((one) => [one.class, one]));
  const [ofA, ofB] = [counts(a), counts(b)];
  const changed = [...new Set([...ofA.keys(), ...ofB.keys()])];
  const same =
    sameRate(a.baseRate, b.baseRate) &&
    near(a.netWrong * images, b.netWrong * images) &&
    changed.every(
      (c) =>
        near(ofA.get(c)?.gained ?? 0, ofB.get(c)?.gained ?? 0) && near(ofA.get(c)?.lost ?? 0, ofB.get(c)?.lost ?? 0),
    );
  return [
    hold(
      'measure.effect',
      same,
      {
        good: `What the trigger does ${STAGES[stage]}, class by class, is what is measured here.`,
        bad: `What the trigger does ${STAGES[stage]} is not what is measured here: a count is more than ${TOLERANCE_IMAGES} images apart.`,
      },
      `/stages/${stage}/effect`,
    ),
  ];
}
