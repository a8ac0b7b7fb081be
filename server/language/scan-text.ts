import type { ClassInversion, ScanReport, ScanResult } from '../protocol/scan';
import { maskPicture, triggerPicture } from './mask-picture';
import { TERMS } from './metric-text';
import { capital, count, percent } from './report-text';

/** How the result of a scan is written wherever the editor shows it. Figures only: its sentence may come from anywhere. */

/** A scan's own sentence is some hundred characters; a file may hold anything. */
const MOST_SENTENCE = 600;
/** Classes whose masks one hover shows. */
const MOST_PICTURES = 3;

/** A scan with the shape of the images that its masks are of: as a scan's own file has it, or a defense report. */
export interface Scanned {
  scan: ScanResult;
  model: Pick<ScanReport['model'], 'shape'>;
}

/** Size of a mask: `4.2 pixels`, `37 pixels`. */
export function pixels(norm: number): string {
  return `${norm < 10 ? norm.toFixed(1) : count(Math.round(norm))} pixels`;
}

/** `Suspicious: class 0`, `Suspicious: classes 0, 7`, `Nothing found`. */
export function scanTitle({ word, flagged }: Pick<ScanResult, 'word' | 'flagged'>): string {
  if (word !== 'suspicious') return capital(word);
  return `Suspicious: class${flagged.length === 1 ? '' : 'es'} ${flagged.slice(0, 8).join(', ')}${flagged.length > 8 ? ` and ${flagged.length - 8} more` : ''}`;
}

/** The scan's sentence, as plain text. */
export function scanSentence({ sentence }: Pick<ScanResult, 'sentence'>): string {
  return sentence.length > MOST_SENTENCE ? `${sentence.slice(0, MOST_SENTENCE)}…` : sentence;
}

/** `Class 0: a mask of 4.2 pixels takes 99.9 % of 1,384 other images to it; anomaly index 4.1, 0.11 of the median.` */
export function classLine({ target, norm, success, anomalyIndex, share }: ClassInversion): string {
  return `Class ${target}: a mask of ${pixels(norm)} takes ${percent(success.rate)} of ${count(success.of)} other images to it; anomaly index ${anomalyIndex.toFixed(1)}, ${share.toFixed(2)} of the median.`;
}

/** Markdown of one class: its estimated trigger as pictures, where the result has it, and its figures. */
export function classMarkdown(one: ClassInversion, shape: ScanReport['model']['shape']): string[] {
  return [...(one.estimate ? [`![mask of class ${one.target}](${maskPicture(one.estimate, shape)}) ![estimated trigger of class ${one.target} on grey](${triggerPicture(one.estimate, shape)})`] : []), classLine(one)];
}

/** Markdown of a scan: what it found, with the pictures of the flagged classes. */
export function scanMarkdown({ scan, model }: Scanned): string[] {
  const flagged = scan.flagged.slice(0, MOST_PICTURES).flatMap((target) => scan.classes[target] ?? []);
  if (flagged.length === 0) return [`**Nothing found** by the scan for backdoors. ${triedText(scan)}`];
  return [
    `**${scanTitle(scan)}** · estimated trigger`,
    ...flagged.flatMap((one) => classMarkdown(one, model.shape)),
    '*How much of each pixel it replaces, and what it puts there.*',
    `**${TERMS.anomalyIndex.title}.** ${TERMS.anomalyIndex.definition}`,
  ];
}

/** What was tried, which a scan that found nothing has to say. */
export function triedText({ classes, seeds, images }: ScanResult): string {
  return `Tried: trigger inversion for all ${count(classes.length)} classes${seeds.length > 1 ? `, with ${seeds.length} seeds` : ''}, on ${count(images.search)} clean images. Triggers that no small mask imitates can escape it.`;
}
