import path from 'node:path';
import type { DefenseReport, Gate, Rate, StageMetrics, TriggerEffect, VerdictWord } from '../../protocol/report/report';
import { plain } from '../../protocol/text/plain';
import { excessTo, type ClassFigure } from '../../engine/defense/effect';
import { missedWithin } from '../../engine/report/gate-words';
import { otherAimOf } from '../../engine/report/markdown/figures';
import { type Paint, painter } from './paint';
import { plotCurve } from './plot';
import { repairLines } from './repair-summary';
import { signedPercent, count, fixedShare, limitWords, plural, unitWord } from '../../protocol/words';
import { isEstimated, stageColumns } from '../../protocol/report/words';

export interface SummaryContext {
  /** Where the files are, as a person would type the paths. Model null when nothing was repaired. */
  files: { report: string; markdown: string; model: string | null };
  /** Why this backend was taken, in one sentence. */
  backendWhy?: string;
  colour?: boolean;
  /** Columns of the screen; 60 to 100 are used. Default 80. */
  columns?: number;
}

/** A terminal's classic size; one line is left for the prompt. */
const LINES = 24;
/** Rows of the plot without its axis and legend: more of them when there is room. */
const PLOT_ROWS = { least: 5, most: 9 };
/** Columns of the labels on the left. */
const INDENT = 8;
const VERDICT_COLOURS: Record<VerdictWord, 'red' | 'yellow' | 'green'> = {
  'not measurable': 'yellow',
  'no effect before': 'yellow',
  'not mitigated': 'red',
  'accuracy lost': 'yellow',
  mitigated: 'green',
  'mitigated, estimated trigger only': 'yellow',
};
const SIGNS = { error: '✗', warning: '!', information: 'i' } as const;

/**
 * The report on one screen, for the person who decides whether the model can be used: verdict, figures, what weakens
 * them, the pruning curve, and where everything is. Usually at most 24 lines of 80 columns.
 */
export function summarize(report: DefenseReport, context: SummaryContext): string {
  const paint = painter(context.colour ?? false);
  const width = Math.min(100, Math.max(60, context.columns ?? 80)) - 1;
  const head = verdictLines(report, width, paint);
  const repairs = repairLines(report).flatMap(([label, text]) => labelled(label, text, width));
  const body = [
    ...stageTable(report, paint),
    ...effectLines(report, width),
    ...gateLines(report, width, paint),
    ...repairs,
    ...labelled('Pruned', prunedText(report), width),
  ];
  const foot = [...fileLines(context), backendLine(report, context, width)];
  const free = LINES - 1 - head.length - body.length - foot.length;
  const findings = findingLines(report, width, Math.max(3, free - PLOT_ROWS.least - 2), paint);
  // Lines on a scan and on repairs cost a row rather than the end of the screen.
  const least = PLOT_ROWS.least - (repairs.length > 0 ? 1 : 0);
  const height = Math.min(PLOT_ROWS.most, Math.max(least, free - findings.length - 2));
  const plot = plotCurve(report.curve, markOf(report), {
    height,
    width,
    paint,
    ...(isEstimated(report) && { success: 'ASR (estimated)' }),
  });
  return [...head, ...body, ...findings, ...plot, ...foot].join('\n');
}

/** A share as a percentage with two decimals, never rounded up to 100 or down to 0 when it is not. */
export function percent(share: number, decimals = 2): string {
  return `${fixedShare(share, decimals)} %`;
}

/** Text in lines of at most `width` characters, broken between words. What could steer a terminal is spelt out: names come from files. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  // A percentage is one word: `5 %`.
  for (const word of text.split(/\s+(?!%)/).map((one) => plain(one))) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

/** Wrapped text with a label before its first line and as much room before the others. */
export function labelled(label: string, text: string, width: number): string[] {
  return wrap(text, width - INDENT).map((line, at) => (at === 0 ? label : '').padEnd(INDENT) + line);
}

function verdictLines(report: DefenseReport, width: number, paint: Paint): string[] {
  const { word, sentence } = report.verdict;
  const title = word.toUpperCase();
  const [first = '', ...rest] = wrap(`${title}: ${sentence}`, width);
  const colour = VERDICT_COLOURS[word];
  // A long title may be broken over two lines; then it stays plain.
  return [first.startsWith(title) ? paint('bold', paint(colour, title)) + first.slice(title.length) : first, ...rest];
}

const FIRST_COLUMN = 16;

function stageTable(report: DefenseReport, paint: Paint): string[] {
  const columns = stageColumns(report);
  const rows: [string, (stage: StageMetrics) => Rate | null][] = [
    ['Clean accuracy', (stage) => stage.cleanAccuracy],
    [asrLabel(report), (stage) => stage.attackSuccessRate],
    [isEstimated(report) ? 'Robust, estim.' : 'Robust accuracy', (stage) => stage.robustAccuracy],
  ];
  const aim = otherAimOf(report);
  const line = (name: string, cells: string[]): string =>
    [name.padEnd(FIRST_COLUMN), ...cells.map((cell) => cell.padEnd(21))].join('').trimEnd();
  return [
    paint(
      'dim',
      line(
        '%, 95 % interval',
        columns.map(({ title }) => ` ${title}`),
      ),
    ),
    ...rows.map(([name, rate]) =>
      line(
        name,
        columns.map(({ stage }) => ` ${stage ? rateCell(rate(stage)) : '–'}`),
      ),
    ),
    ...(aim === null
      ? []
      : [
          line(
            `Class ${aim}, net`,
            columns.map(({ stage }) => ` ${stage ? excessCell(excessTo(aim, stage, report.trigger)) : '–'}`),
          ),
        ]),
  ];
}

/** As much as there is room for in the first column. */
function asrLabel(report: DefenseReport): string {
  const { trigger } = report;
  const estimated = isEstimated(report);
  const full = trigger ? `ASR${estimated ? ' est.' : ''} (class ${trigger.target})` : 'ASR';
  return full.length < FIRST_COLUMN ? full : estimated ? 'ASR, estimated' : full;
}

function excessCell(excess: ClassFigure | null): string {
  if (!excess) return 'not measured';
  const bare = (share: number): string => (share < 0 ? `-${percent(-share)}` : percent(share)).replace(' %', '');
  return `${bare(excess.share)} (${bare(excess.low)}–${bare(excess.high)})`;
}

function rateCell(rate: Rate | null): string {
  if (!rate) return 'not measured';
  return `${fixedShare(rate.rate)} (${fixedShare(rate.low)}–${fixedShare(rate.high)})`;
}

/** What a figure of the trigger has to be read against: what goes to the target anyway, and what the trigger makes wrong. */
function effectLines({ stages, trigger, repaired }: DefenseReport, width: number): string[] {
  const [before, after] = [stages.before.effect, stages.after.effect];
  if (!before || !after || !trigger) return [];
  const pair = (of: (effect: TriggerEffect) => number): string =>
    repaired ? `${signedPercent(of(before))} → ${signedPercent(of(after))}` : signedPercent(of(before));
  return labelled(
    'Trigger',
    `makes ${pair((effect) => effect.netWrong)} of all images wrong, net; without it, ${pair((effect) => effect.baseRate.rate)} of the others go to class ${trigger.target} (base rate)`,
    width,
  );
}

function gateLines(report: DefenseReport, width: number, paint: Paint): string[] {
  return labelled('Gates', report.gates.map((gate) => gateText(gate, report)).join('; '), width).map((line) =>
    line.replace('MISSED', paint('red', 'MISSED')),
  );
}

/** Why a gate is missed although its figure is within the limit, in the little room of a line; the verdict above says more. */
const WITHIN = {
  unrepaired: 'not repaired',
  tooFew: 'too few images',
  disturbed: 'still misled',
  unproved: 'not proved',
  estimated: 'estimated',
} as const;

function gateText(gate: Gate, report: DefenseReport): string {
  const { id, limit, judged, met } = gate;
  const estimated = isEstimated(report);
  const within = missedWithin(gate, report);
  const isAsr = id === 'maxAttackSuccessRate';
  const what = gate.excess
    ? `excess of class ${gate.excess.class}`
    : estimated && within !== 'estimated'
      ? 'estimated ASR'
      : 'ASR';
  // The ASR is judged by the upper bound of its interval.
  const figure =
    judged === null
      ? 'not measured'
      : `${isAsr && !within ? 'up to ' : ''}${percent(judged)}${within ? `, but ${WITHIN[within]}` : ''}`;
  return `${isAsr ? what : estimated ? 'drop' : 'accuracy drop'} ≤ ${limitWords(limit)} ${met ? 'met' : 'MISSED'} (${figure})`;
}

function prunedText({ layer, pruning, fineTuning, repaired, attempts }: DefenseReport): string {
  if (!repaired) return 'nothing: the model was measured, not changed';
  const noun = unitWord(layer.kind, layer.units);
  const tuned =
    fineTuning.epochs > 0
      ? `${plural(fineTuning.epochs, 'epoch')} × ${count(fineTuning.images)} images`
      : 'no fine-tuning';
  const strategy = attempts?.find(({ chosen }) => chosen)?.strategy;
  if (strategy && pruning.count === 0) return `nothing, by ${strategy}; ${tuned}`;
  const which = pruning.ratio === null ? ', named in the config' : '';
  return `${pruning.count} of ${layer.units} ${noun} in ${layer.name}${which}, ${pruning.dead} dead anyway; ${tuned}`;
}

/** Where on the curve the run stands: it follows the rule, so units that were named in the config have no place on it. */
function markOf({ pruning }: DefenseReport): number | null {
  return pruning.ratio === null && pruning.count > 0 ? null : pruning.count;
}

/** The most serious findings first, as many as fit; the rest are counted, never silently dropped. */
function findingLines({ findings }: DefenseReport, width: number, room: number, paint: Paint): string[] {
  const colours = { error: 'red', warning: 'yellow', information: 'dim' } as const;
  const blocks = findings.map(({ severity, message }) => {
    return wrap(message, width - 2).map(
      (line, at) => `${at === 0 ? paint(colours[severity], SIGNS[severity]) : ' '} ${line}`,
    );
  });
  const shown: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const left = blocks.length - index;
    const needed = block.length + (left > 1 ? 1 : 0);
    if (shown.length + needed > room && index > 0) {
      return [...shown, `  … and ${left} more ${left === 1 ? 'finding' : 'findings'} in the report`];
    }
    shown.push(...block);
  }
  return shown;
}

/** Paths are never broken: they are there to be copied. The Markdown has the report's name but for its end, and shares its line. */
function fileLines({ files }: SummaryContext): string[] {
  const line = (label: string, file: string): string => label.padEnd(INDENT) + file;
  return [
    line('Report', `${files.report} (and ${path.extname(files.markdown)})`),
    ...(files.model === null ? [] : [line('Model', files.model)]),
  ];
}

/** One line: the reason was given in full when the run began, and the findings need the room more. */
function backendLine({ provenance }: DefenseReport, { backendWhy }: SummaryContext, width: number): string {
  // Why it is not the faster one is worth the line; why it is needs none.
  const text =
    provenance.backend === 'native' ? `native, ${provenance.engine}` : (backendWhy ?? `WASM, ${provenance.engine}`);
  const room = width - INDENT;
  return 'Engine'.padEnd(INDENT) + (text.length > room ? `${text.slice(0, room - 1)}…` : text);
}
