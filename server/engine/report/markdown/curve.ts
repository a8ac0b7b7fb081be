import type { DefenseReport } from '../../../protocol/report/report';
import { table } from './figures';
import { fenced } from '../../../protocol/text/markdown';
import { count, fixedShare, unitWord } from '../../../protocol/words';
import { asrName } from '../../../protocol/report/words';

/** Points of the chart; more of them are closer together than its line is wide. */
const CHART_STEPS = 32;
const TABLE_ROWS = 130;
/** Seen on light and on dark, and told apart by people who see few colours. */
const COLOURS = { clean: '#0b7fd9', attack: '#d9720b' };

interface Sample {
  pruned: number;
  /** Percent of the clean images that are classified as labelled. */
  clean: number;
  /** Percent of the triggered inputs that reach the target; null without a trigger. */
  attack: number | null;
}

/**
 * The curve as a Mermaid chart. Nothing of the report but numbers goes into it. Mermaid spreads a line's points evenly, so
 * they are taken at even steps; where no point was computed right there (never more than a line's width away), the nearest is.
 */
export function curveChart(report: DefenseReport): string {
  const { curve, layer } = report;
  const samples = evenSamples(report);
  if (samples.length < 2) return 'The curve has too few points to be drawn.';
  const line = (values: readonly number[]): string =>
    `  line [${values.map((v) => String(Number(v.toFixed(2)))).join(', ')}]`;
  const palette = report.trigger ? `${COLOURS.clean}, ${COLOURS.attack}` : COLOURS.clean;
  const chart = [
    `%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "${palette}"}}}}%%`,
    'xychart-beta',
    `  x-axis "number of pruned ${unitWord(layer.kind, 2)}" 0 --> ${layer.units}`,
    '  y-axis "% of the images" 0 --> 100',
    line(samples.map((s) => s.clean)),
    ...(report.trigger ? [line(samples.map((s) => s.attack ?? 0))] : []),
  ].join('\n');
  return `${fenced('mermaid', chart)}\n\n${explanation(report, samples)}${curve.subset ? ` It is based on a subset: ${count(curve.images)} clean${curve.triggeredImages === null ? '' : ` and ${count(curve.triggeredImages)} triggered`} images.` : ''}`;
}

/** The chart has no legend: which line is which, by colour and by where it begins and ends. */
function explanation(report: DefenseReport, samples: readonly Sample[]): string {
  const { pruning, curve, layer, repaired } = report;
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const lines = [
    `**Blue, clean accuracy:** ${percentages(first.clean, last.clean)}.`,
    ...(report.trigger
      ? [`**Orange, ${asrName(report)}:** ${percentages(first.attack!, last.attack!)}.`]
      : ['No trigger is known, so there is no line for the ASR.']),
  ];
  const at = curve.points.find((point) => point.pruned === pruning.count);
  const chosen =
    repaired && pruning.ratio !== null && at
      ? ` At the ${count(pruning.count)} that were pruned: clean accuracy ${fixedShare(at.correct / Math.max(1, curve.images))} %${at.successful === null ? '' : `, ${asrName(report)} ${fixedShare(at.successful / Math.max(1, curve.triggeredImages!))} %`}, before fine-tuning.`
      : '';
  const named =
    repaired && pruning.ratio === null
      ? ' The pruned units were named in the config; the curve follows the rule, so they are not marked on it.'
      : '';
  const { largestWithinLimit: largest } = curve;
  const limit = largest
    ? ` On ${count(largest.heldOut.images)} held-out images, up to ${count(largest.pruned)} of ${count(layer.units)} can be pruned within the limit on the drop in clean accuracy (${count(largest.heldOut.correctBefore)} correct before, ${count(largest.heldOut.correct)} after).`
    : '';
  const { smallestWithinGate: smallest } = curve;
  const gate = smallest
    ? ` The fewest that bring the ${asrName(report)} within its gate are ${count(smallest.pruned)}: ${count(smallest.heldOut.successful)} of ${count(smallest.heldOut.triggeredImages)} triggered held-out images then reach the target, and ${count(smallest.heldOut.correct)} of ${count(smallest.heldOut.images)} clean ones are correct.`
    : smallest === null
      ? ` No number of them brings the ${asrName(report)} within its gate and keeps the limit on clean accuracy, on held-out images.`
      : '';
  return `${lines.join(' ')}${chosen}${named}${limit}${gate}`;
}

function percentages(first: number, last: number): string {
  return `from ${fixedShare(first / 100)} % with nothing pruned to ${fixedShare(last / 100)} % with everything pruned`;
}

/** Points at even steps over the whole layer: the largest number of steps that divides it, or 32 of them. */
function evenSamples(report: DefenseReport): Sample[] {
  const { curve, layer } = report;
  if (curve.points.length < 2) return [];
  const divisors = Array.from({ length: CHART_STEPS }, (_, i) => CHART_STEPS - i).filter(
    (steps) => layer.units % steps === 0,
  );
  const best = divisors[0] ?? 1;
  const steps = best >= 8 || layer.units <= CHART_STEPS ? best : CHART_STEPS;
  return Array.from({ length: steps + 1 }, (_, i) =>
    sampleOf(report, nearest(curve.points, (i * layer.units) / steps)),
  );
}

/** Index of the point next to a number of pruned units; of two the lower. */
function nearest(points: DefenseReport['curve']['points'], wanted: number): number {
  let best = 0;
  points.forEach((point, at) => {
    if (Math.abs(point.pruned - wanted) < Math.abs(points[best]!.pruned - wanted)) best = at;
  });
  return best;
}

function sampleOf({ curve }: DefenseReport, at: number): Sample {
  const { pruned, correct, successful } = curve.points[at]!;
  return {
    pruned,
    clean: (100 * correct) / Math.max(1, curve.images),
    attack: successful === null ? null : (100 * successful) / Math.max(1, curve.triggeredImages ?? 1),
  };
}

/** The counts at every point, or at some of them evenly spread. */
export function curveTable(report: DefenseReport): string {
  const { points } = report.curve;
  const every = Math.ceil(points.length / TABLE_ROWS);
  const shown = points.map((_, at) => at).filter((at) => at % every === 0 || at === points.length - 1);
  const rows = shown.map((at) => {
    const { clean, attack, pruned } = sampleOf(report, at);
    const { correct, successful } = points[at]!;
    return [
      count(pruned),
      count(correct),
      fixedShare(clean / 100),
      ...(attack === null ? [] : [count(successful!), fixedShare(attack / 100)]),
    ];
  });
  const head = [
    'pruned',
    `correct of ${count(report.curve.images)}`,
    '%',
    ...(report.curve.triggeredImages === null ? [] : [`successful of ${count(report.curve.triggeredImages)}`, '%']),
  ];
  return `${table(head, rows, 0)}${every > 1 ? `\n\nEvery ${every}th of ${count(points.length)} points; the JSON report has all of them.` : ''}`;
}
