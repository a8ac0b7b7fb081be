import * as asciichart from 'asciichart';
import type { PruningCurve } from '../../protocol/report/report';
import type { Paint } from './paint';

/** asciichart's own symbols for the first series; others for the second, since colour alone would not tell them apart. */
const LINE = ['┤', '┤', '╶', '╴', '─', '╰', '╭', '╮', '╯', '│'];
const DOTS = ['┤', '┤', '•', '•', '•', '•', '•', '•', '•', '•'];
const BOTH = '═';
/** Stands below the axis in place of a mark. */
const UNMARKED = "in the rule's order; named units not marked";
/** Columns of the axis: `100 % ┤`. */
const AXIS = 7;

/**
 * The pruning curve as text: clean accuracy as a line, ASR as dots, over the number of pruned units.
 *
 * @param chosen the number of pruned units that is marked below the axis; null when units were named, which the curve does not show
 * @param height rows of the plot itself, at least 3; two more rows hold the axis and the legend
 * @param width columns of everything
 * @param success what the legend calls the ASR
 */
export function plotCurve(
  curve: PruningCurve,
  chosen: number | null,
  { height, width, paint, success: asr = 'ASR' }: { height: number; width: number; paint: Paint; success?: string },
): string[] {
  const last = curve.points.at(-1);
  if (!last || last.pruned === 0) return [];
  const columns = Math.max(10, width - AXIS);
  const accuracy = resample(curve, columns, (point) => point.correct / curve.images);
  const { triggeredImages } = curve;
  const success = triggeredImages
    ? resample(curve, columns, (point) => (point.successful ?? 0) / triggeredImages)
    : null;

  const lines = draw(accuracy, height, LINE);
  const dots = success && draw(success, height, DOTS);
  const rows = lines.map((line, row) => {
    const over = dots?.[row] ?? '';
    const cells = [...line].map((cell, column) => overlay(cell, column < AXIS ? ' ' : (over[column] ?? ' ')));
    return paintRuns(cells, paint).trimEnd();
  });
  return [...rows, axisRow(chosen, last.pruned, columns), legend(success === null ? null : asr, curve.subset, paint)];
}

/** One value a column; between two measured points the one before holds. */
function resample(
  curve: PruningCurve,
  columns: number,
  value: (point: PruningCurve['points'][number]) => number,
): number[] {
  const { points } = curve;
  const most = points.at(-1)?.pruned ?? 0;
  let at = 0;
  // One more than there are columns: asciichart draws the ways between values.
  return Array.from({ length: columns + 1 }, (_, column) => {
    const pruned = Math.round(Math.min(1, column / (columns - 1)) * most);
    while ((points[at + 1]?.pruned ?? Infinity) <= pruned) at++;
    const point = points[at];
    return point ? value(point) : 0;
  });
}

/** One series over the whole range of 0 to 100 %, as lines of characters of equal width. */
function draw(series: number[], height: number, symbols: string[]): string[][] {
  const labelled = new Set([0, (height - 1) / 2, height - 1]);
  const text = asciichart.plot(series, {
    min: 0,
    max: 1,
    height: height - 1,
    // The label fills the first cell, the axis is the second.
    offset: 2,
    symbols,
    format: (share, row) => (labelled.has(row) ? `${Math.round(share * 100)} %` : '').padStart(AXIS - 1),
  });
  return text.split('\n').map((line) => [...line]);
}

type Cell = { text: string; colour: 'cyan' | 'red' | null };

function overlay(line: string, dot: string): Cell {
  if (dot === ' ') return { text: line, colour: /[─╰╭╮╯│]/.test(line) ? 'cyan' : null };
  return line === ' ' ? { text: dot, colour: 'red' } : { text: BOTH, colour: null };
}

/** Cells as text, with one pair of colour codes for each run of one colour. */
function paintRuns(cells: Cell[], paint: Paint): string {
  let out = '';
  for (let from = 0, to = 0; from < cells.length; from = to) {
    const colour = cells[from]?.colour ?? null;
    while (to < cells.length && (cells[to]?.colour ?? null) === colour) to++;
    const text = cells
      .slice(from, to)
      .map((cell) => cell.text)
      .join('');
    out += colour ? paint(colour, text) : text;
  }
  return out;
}

function axisRow(chosen: number | null, most: number, columns: number): string {
  const end = `${most}`;
  const row = [...`0${' '.repeat(columns - 1 - end.length)}${end}`];
  if (chosen === null) {
    const from = Math.floor((columns - UNMARKED.length) / 2);
    // On a plot without the room for it there is no mark and no word.
    if (from > 1 && from + UNMARKED.length < columns - end.length)
      [...UNMARKED].forEach((character, at) => (row[from + at] = character));
    return ' '.repeat(AXIS) + row.join('');
  }
  const column = Math.round((chosen / most) * (columns - 1));
  const label = `▲ ${chosen} pruned`;
  const from = Math.min(column, columns - label.length);
  [...label].forEach((character, at) => (row[from + at] = character));
  // Where there is no room for the words to the right, they stand to the left and the mark stays where it belongs.
  if (from < column) {
    const left = `${chosen} pruned ▲`;
    const start = column - left.length + 1;
    return ' '.repeat(AXIS) + ('0' + ' '.repeat(Math.max(0, start - 1)) + left).padEnd(columns).trimEnd();
  }
  return ' '.repeat(AXIS) + row.join('');
}

function legend(asr: string | null, subset: boolean, paint: Paint): string {
  const series = `${paint('cyan', '─')} clean accuracy${asr === null ? '' : `  ${paint('red', '•')} ${asr}  ${BOTH} both`}`;
  // A longer name takes the place of what the axis says too.
  const by = asr === null || asr === 'ASR' ? ', by pruned units' : '';
  return `${' '.repeat(AXIS)}${series}${by}, ${subset ? 'on a subset' : 'before fine-tuning'}`;
}
