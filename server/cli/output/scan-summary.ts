import { maskBytes, maskDrawing } from '../../engine/report/markdown/mask-drawing';
import {
  suspectedClasses,
  inversions,
  neuralCleanse,
  inversionOf,
  type ClassInversion,
  type ScanReport,
} from '../../protocol/report/scan';
import { painter, type Paint } from './paint';
import { labelled, percent, wrap } from './summary';
import { afterScanWord } from '../../protocol/report/words';
import { count, maskSize } from '../../protocol/words';

export interface ScanSummaryContext {
  /** Where the result was written, as a person would type it; null for nowhere. */
  file: string | null;
  /** Whether it is an earlier scan of the same bytes. */
  cached: boolean;
  /** Why this backend was taken, in one sentence. */
  backendWhy?: string;
  /** What to type to have it repaired; shown where a class is suspicious. */
  next?: string;
  /** Where scale, mean and std are from, where that has to be said. */
  pixels?: string;
  colour?: boolean;
  /** Columns of the screen; 60 to 120 are used. Default 80. */
  columns?: number;
}

/** Rows of the table; of more classes, those with the smallest masks are shown. */
const MOST_ROWS = 12;
/** Columns of the labels on the left. */
const INDENT = 8;
const GAP = '  ';
/** Columns of the table; a drawing of 28 pixels stands beside it on 80 columns. */
const HEADS = ['class', 'mask', 'screened', 'share', 'index', 'success'];

/**
 * A scan on one screen: word and sentence, the classes with the masks of those that stand out beside them, what was tried, and where
 * it is written. With ten classes 24 lines of 80 columns.
 */
export function summarizeScan(report: ScanReport, context: ScanSummaryContext): string {
  const paint = painter(context.colour ?? false);
  const width = Math.min(120, Math.max(60, context.columns ?? 80)) - 1;
  const table = tableLines(report, paint);
  const { lines, left } = besides([...table, ...modelLines(report, context, table, width)], picturesOf(report), width);
  const more =
    left.length > 0
      ? [
          `The mask${left.length === 1 ? '' : 's'} of class ${left.join(', ')} ${left.length === 1 ? 'is' : 'are'} in the file.`,
        ]
      : [];
  return [...headLines(report, width, paint), ...lines, ...more, ...footLines(report, context, width)].join('\n');
}

function headLines({ scan: { word, sentence } }: ScanReport, width: number, paint: Paint): string[] {
  const title = word.toUpperCase();
  const [first = '', ...rest] = wrap(`${title}: ${afterScanWord({ word, sentence })}`, width);
  // "NOTHING FOUND" gets no green: that would say more than it does.
  return [
    first.startsWith(title)
      ? paint('bold', word === 'suspicious' ? paint('red', title) : title) + first.slice(title.length)
      : first,
    ...rest,
  ];
}

/** How well the model knows the images, and by which pixels: beside a drawing there is room for it, in the table's columns. */
function modelLines(
  { scan }: ScanReport,
  { pixels }: ScanSummaryContext,
  table: readonly Cell[],
  width: number,
): Cell[] {
  const room = table.length > 0 ? Math.max(...table.map((cell) => cell.width)) : width;
  // Where nothing was searched for it, the sentence has it.
  const accuracy =
    table.length > 0 &&
    scan.cleanAccuracy &&
    `Clean accuracy ${percent(scan.cleanAccuracy.rate, 1)} on ${count(scan.cleanAccuracy.of)} images (95 %: ${percent(scan.cleanAccuracy.low, 1)} to ${percent(scan.cleanAccuracy.high, 1)})`;
  return [
    ...(accuracy ? wrap(`${accuracy}.`, room) : []),
    ...(pixels === undefined ? [] : wrap(`Pixels: ${pixels}.`, room)),
  ].map(plain);
}

interface Cell {
  text: string;
  /** Columns that it takes on the screen, without what colours it. */
  width: number;
}

const plain = (text: string): Cell => ({ text, width: text.length });

function tableLines({ scan }: ScanReport, paint: Paint): Cell[] {
  const classes = inversions(scan);
  if (classes.length === 0) return [];
  const shown =
    classes.length <= MOST_ROWS ? classes : [...classes].sort((a, b) => a.share - b.share).slice(0, MOST_ROWS - 1);
  const row = (mark: string, cells: readonly string[]): string =>
    `${mark} ${HEADS.map((name, at) => (cells[at] ?? '').padStart(name.length + (at === 0 ? 0 : 2))).join('')}`;
  const head = row(' ', HEADS);
  return [
    { text: paint('dim', head), width: head.length },
    ...shown.map((one): Cell => {
      const text = row(one.flagged ? '!' : ' ', cellsOf(one));
      return { text: one.flagged ? paint('red', text) : text, width: text.length };
    }),
    ...(shown.length < classes.length
      ? [plain(`  … and ${classes.length - shown.length} classes with larger masks`)]
      : []),
  ];
}

function cellsOf({ target, norm, screened, share, anomalyIndex, success }: ClassInversion): string[] {
  return [
    String(target),
    maskSize(norm),
    maskSize(screened),
    share.toFixed(2),
    signed(anomalyIndex),
    percent(success.rate, 1),
  ];
}

/** With one decimal; what rounds to 0 has no sign. */
function signed(value: number): string {
  const shown = value.toFixed(1);
  return shown === '-0.0' ? '0.0' : shown;
}

/** The masks of the flagged classes, drawn, smallest first. */
function picturesOf({ scan, model: { shape } }: ScanReport): { target: number; lines: string[] }[] {
  return suspectedClasses(scan).flatMap((target) => {
    const estimate = inversionOf(scan, target)?.estimate;
    const lines = estimate ? maskDrawing(maskBytes(estimate), shape[0], shape[1]) : [];
    return lines.length > 0
      ? [{ target, lines: [`class ${target}, estimated`.padEnd(lines[0]!.length), ...lines] }]
      : [];
  });
}

/** Puts as many pictures beside the table as there is room for. */
function besides(
  table: readonly Cell[],
  pictures: readonly { target: number; lines: string[] }[],
  width: number,
): { lines: string[]; left: number[] } {
  const inner = Math.max(...table.map((cell) => cell.width));
  const beside: (typeof pictures)[number][] = [];
  let used = inner;
  for (const picture of pictures) {
    used += GAP.length + picture.lines[0]!.length;
    if (used > width) break;
    beside.push(picture);
  }
  const height = Math.max(table.length, ...beside.map(({ lines }) => lines.length));
  const lines = Array.from({ length: height }, (_, at) => {
    const { text, width: taken } = table[at] ?? plain('');
    const drawn = beside.map((picture) => picture.lines[at] ?? ' '.repeat(picture.lines[0]!.length));
    return drawn.length > 0 ? `${text}${' '.repeat(inner - taken)}${GAP}${drawn.join(GAP)}`.trimEnd() : text;
  });
  return { lines, left: pictures.slice(beside.length).map(({ target }) => target) };
}

function footLines(
  { scan, provenance }: ScanReport,
  { file, cached, backendWhy, next }: ScanSummaryContext,
  width: number,
): string[] {
  const { images } = scan;
  const masks = neuralCleanse(scan);
  const tried =
    masks &&
    `${masks.steps} steps of ${masks.batchSize} images/class, from ${count(images.search)}; success on ${count(images.measured)} others; seed${masks.seeds.length > 1 ? 's' : ''} ${masks.seeds.join(', ')}. ` +
      `Flagged: index above ${masks.limits.index}, share of the median below ${masks.limits.share}. Masks in px.${cached ? ' An earlier scan of the same bytes.' : ''}`;
  const engine =
    provenance.backend === 'native' ? `native, ${provenance.engine}` : (backendWhy ?? `WASM, ${provenance.engine}`);
  const room = width - INDENT;
  const offered = next !== undefined && scan.word === 'suspicious';
  return [
    ...(tried ? labelled('Tried', tried, width) : []),
    // Of one that was not measurable the sentence says it.
    ...(scan.advice && scan.evidence.length > 0 ? labelled('Warning', scan.advice.sentence, width) : []),
    // Paths are never broken: they are there to be copied.
    ...(file === null ? [] : ['Result'.padEnd(INDENT) + file]),
    // The faster engine was named when the scan began: what to do next is worth the last line more.
    ...(offered ? ['Next'.padEnd(INDENT) + next] : []),
    ...(offered && provenance.backend === 'native'
      ? []
      : ['Engine'.padEnd(INDENT) + (engine.length > room ? `${engine.slice(0, room - 1)}…` : engine)]),
  ];
}
