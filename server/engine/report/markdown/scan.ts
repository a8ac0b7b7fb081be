import type { DefenseReport } from '../../../protocol/report/report';
import {
  suspectedClasses,
  inversions,
  neuralCleanse,
  inversionOf,
  type ClassInversion,
  type NeuralCleanseEvidence,
  type ScanResult,
} from '../../../protocol/report/scan';
import { maskBytes, maskDrawing, strongestShare } from './mask-drawing';
import { fenced, text } from '../../../protocol/text/markdown';
import { rateCell, table } from './figures';
import { count, pixels, fixedShare } from '../../../protocol/words';

const MOST_ROWS = 40;
const MOST_DRAWINGS = 4;

/** What asks itself a reader of a report with a scan. */
export function scanTitle({ trigger }: DefenseReport): string {
  return trigger?.source === 'known' ? 'Is there another trigger?' : 'Is there a trigger?';
}

/** What trigger inversion found in the input model: in words, class by class, and what stands out as a drawing. */
export function scanEvidence({ scan, trigger, data }: DefenseReport): string {
  if (!scan) return '';
  const { height, width } = { height: data.shape[0], width: data.shape[1] };
  const estimated = trigger?.source === 'estimated' ? [trigger.target] : [];
  const drawn = [...new Set([...suspectedClasses(scan), ...estimated])].flatMap(
    (target) => inversionOf(scan, target) ?? [],
  );
  const drawings = drawn.slice(0, MOST_DRAWINGS).flatMap((one) => drawing(one, height, width));
  const more =
    drawn.length > MOST_DRAWINGS
      ? [`The masks of ${count(drawn.length - MOST_DRAWINGS)} more classes are in the JSON report.`]
      : [];
  const masks = neuralCleanse(scan);
  const searched = masks ? [...imagesNote(scan), classTable(scan), scanNote(masks, scan.images)] : [];
  return [`${sign(scan)} **Scan of the input model.** ${text(scan.sentence)}`, ...searched, ...drawings, ...more].join(
    '\n\n',
  );
}

/** How well the model knows the images of the scan, and what fits them better. Where nothing was searched for it, the scan's sentence says both. */
function imagesNote({ cleanAccuracy, advice }: ScanResult): string[] {
  return [
    ...(cleanAccuracy
      ? [
          `Clean accuracy on the images of the scan: ${fixedShare(cleanAccuracy.rate)} % (${count(cleanAccuracy.hits)} of ${count(cleanAccuracy.of)}; 95 %: ${fixedShare(cleanAccuracy.low)} – ${fixedShare(cleanAccuracy.high)}).`,
        ]
      : []),
    ...(advice ? [`⚠️ ${text(advice.sentence)}`] : []),
  ];
}

/** All classes of a scan, or those whose masks are smallest; flagged ones in words. */
export function classTable(scan: ScanResult): string {
  const classes = inversions(scan);
  const order = [...classes].sort(
    (a, b) => Number(b.flagged) - Number(a.flagged) || a.screened - b.screened || a.target - b.target,
  );
  const shown = order.slice(0, MOST_ROWS).sort((a, b) => a.target - b.target);
  const rows = shown.map((one) => [
    String(one.target),
    pixels(one.screened),
    one.share.toFixed(2),
    one.anomalyIndex.toFixed(2).replace('-', '−'),
    pixels(one.norm),
    rateCell(one.success),
    one.flagged ? '⚠️ **suspicious**' : '–',
  ]);
  const cut =
    shown.length < classes.length
      ? `\n\nThe ${MOST_ROWS} of ${count(classes.length)} classes with the smallest masks.`
      : '';
  return `${table(['class', 'screened mask', 'share of the median', 'anomaly index', '*estimated* trigger', 'its success, %', 'result'], rows)}${cut}`;
}

export function sign({ word }: Pick<ScanResult, 'word'>): string {
  return word === 'suspicious' ? '⚠️' : word === 'not measurable' ? '❔' : '🔎';
}

function scanNote({ limits, medianNorm, steps, seeds }: NeuralCleanseEvidence, images: ScanResult['images']): string {
  const screened = `Screened mask: the smallest that sends images of other classes to the class after the same ${count(steps)} steps for each class${seeds.length > 1 ? ` (mean of ${seeds.length} seeds)` : ''}; the median is ${pixels(medianNorm)}. Its size is the sum of its values over the pixels.`;
  const flagged = `A class is suspicious if its anomaly index is above ${limits.index}, its mask is below ${limits.share} of the median, and its estimated trigger works on images it was not searched on.`;
  const success = `Success: clean images of other classes that the *estimated* trigger sends to the class, out of ${count(images.measured)} measured; it was searched on ${count(images.search)} others.`;
  return `${screened} ${flagged} ${success} Trigger inversion: Neural Cleanse (Wang et al. 2019). Finding nothing does not show that a model is clean.`;
}

function drawing({ target, norm, estimate }: ClassInversion, height: number, width: number): string[] {
  const mask = estimate && maskBytes(estimate);
  const lines = mask ? maskDrawing(mask, height, width) : [];
  if (!mask || lines.length === 0) return [];
  const strongest = Math.round(100 * strongestShare(mask));
  return [
    `*Estimated* trigger of class ${target}: its mask of ${pixels(norm)} on ${height}×${width}. Full shade: up to ${strongest} % of a pixel is replaced.\n\n${fenced('text', lines.join('\n'))}`,
  ];
}
