import {
  suspectedClasses,
  inversions,
  neuralCleanse,
  inversionOf,
  pixelWords,
  type ClassInversion,
  type ScanReport,
  type ScanResult,
} from '../../protocol/report/scan';
import type { Rate } from '../../protocol/report/report';
import { maskPicture, triggerPicture } from '../text/mask-picture';
import { TERMS } from '../text/metric-text';
import { capital, count, percent, pixels } from '../../protocol/words';
import { plain } from '../../protocol/text/plain';

/** How the result of a scan is written wherever the editor shows it. Figures only: its sentence may come from anywhere. */

/** A scan's own sentence is some hundred characters; a file may hold anything. */
const MOST_SENTENCE = 900;
/** Classes whose masks one hover shows. */
const MOST_PICTURES = 3;

/** A scan with the shape of the images that its masks are of: as a scan's own file has it, or a defense report. */
export interface Scanned {
  scan: ScanResult;
  model: Pick<ScanReport['model'], 'shape'>;
}

/** `Suspicious: class 0`, `Suspicious: classes 0, 7`, `Nothing found`. */
export function scanTitle({ word, suspects }: Pick<ScanResult, 'word' | 'suspects'>): string {
  if (word !== 'suspicious') return capital(word);
  const flagged = suspectedClasses({ suspects });
  return `Suspicious: class${flagged.length === 1 ? '' : 'es'} ${flagged.slice(0, 8).join(', ')}${flagged.length > 8 ? ` and ${flagged.length - 8} more` : ''}`;
}

/** The same with how well the model knows the images: `Nothing found · clean accuracy 98.8 %`. */
export function scanLine(
  scan: Pick<ScanResult, 'word' | 'suspects'> & { [K in 'cleanAccuracy' | 'advice']?: ScanResult[K] | undefined },
): string {
  const { cleanAccuracy, advice } = scan;
  const doubt = advice?.settings ? ' · other settings fit better' : advice?.labels ? ' · labels in another order' : '';
  return `${scanTitle(scan)}${cleanAccuracy ? ` · clean accuracy ${percent(cleanAccuracy.rate)}` : ''}${doubt}`;
}

/** `Clean accuracy 98.8 % on 1,900 images (95 %: 98.2 % – 99.2 %).` None in results of earlier versions. */
function accuracyText({ cleanAccuracy }: ScanResult): string[] {
  if (!cleanAccuracy) return [];
  return [
    `Clean accuracy ${percent(cleanAccuracy.rate)} on ${count(cleanAccuracy.of)} images (95 %: ${percent(cleanAccuracy.low)} – ${percent(cleanAccuracy.high)}).`,
  ];
}

/** What fits the images better, from the figures alone. */
function adviceText({ advice }: ScanResult): string[] {
  const [other] = advice?.settings ?? [];
  const right = ({ before, after }: { before: Rate; after: Rate }): string =>
    `${percent(after.rate)} of ${count(after.of)} images are right, compared with ${percent(before.rate)} as scanned`;
  const list = (values: readonly number[]): string =>
    values.length === 1 ? String(values[0]) : `[${values.join(', ')}]`;
  return [
    ...(other
      ? [
          `**Other settings fit better.** With ${pixelWords(other)} ${right(other)}: \`"scale": ${other.scale}, "mean": ${list(other.mean)}, "std": ${list(other.std)}\`${other.images === 'as they are' ? '' : ', and with changed image files'}.`,
        ]
      : []),
    ...(advice?.labels
      ? [
          `**Labels in another order?** With ${count(advice.labels.classes.length)} classes renumbered ${right(advice.labels)}.`,
        ]
      : []),
  ];
}

/** The scan's sentence, as plain text. */
export function scanSentence({ sentence }: Pick<ScanResult, 'sentence'>): string {
  return plain(sentence, MOST_SENTENCE);
}

/** `Class 0: a mask of 4.2 pixels sends 99.9 % of 1,384 other images to it; anomaly index 4.1, 0.11 of the median.` */
export function classLine({ target, norm, success, anomalyIndex, share }: ClassInversion): string {
  return `Class ${target}: a mask of ${pixels(norm)} sends ${percent(success.rate)} of ${count(success.of)} other images to it; anomaly index ${anomalyIndex.toFixed(1)}, ${share.toFixed(2)} of the median.`;
}

/** Markdown of one class: its estimated trigger as pictures, where the result has it, and its figures. */
export function classMarkdown(one: ClassInversion, shape: ScanReport['model']['shape']): string[] {
  return [
    ...(one.estimate
      ? [
          `![mask of class ${one.target}](${maskPicture(one.estimate, shape)}) ![estimated trigger of class ${one.target} on grey](${triggerPicture(one.estimate, shape)})`,
        ]
      : []),
    classLine(one),
  ];
}

/** Markdown of a scan: what it found, with the pictures of the flagged classes. */
export function scanMarkdown({ scan, model }: Scanned): string[] {
  const flagged = suspectedClasses(scan)
    .slice(0, MOST_PICTURES)
    .flatMap((target) => inversionOf(scan, target) ?? []);
  const images = [...accuracyText(scan), ...adviceText(scan)];
  if (scan.word === 'not measurable') {
    const why =
      scan.evidence.length === 0
        ? 'The model is hardly better than guessing on these images, so nothing was searched.'
        : `Only ${count(inversions(scan).length)} of ${count(scan.searched?.of ?? inversions(scan).length)} classes were searched, too few to compare.`;
    return [`**Not measurable** by the scan for backdoors. ${why}`, ...images];
  }
  if (flagged.length === 0) return [`**Nothing found** by the scan for backdoors. ${triedText(scan)}`, ...images];
  return [
    `**${scanTitle(scan)}** · estimated trigger`,
    ...flagged.flatMap((one) => classMarkdown(one, model.shape)),
    '*How much of each pixel it replaces, and what it puts there.*',
    ...images,
    `**${TERMS.anomalyIndex.title}.** ${TERMS.anomalyIndex.definition}`,
  ];
}

/** What was tried, which a scan that found nothing has to say. */
export function triedText(scan: ScanResult): string {
  const { images, searched } = scan;
  const { classes, seeds } = neuralCleanse(scan) ?? { classes: [], seeds: [] };
  const which = searched
    ? `for ${count(classes.length)} of ${count(searched.of)} classes`
    : `for all ${count(classes.length)} classes`;
  return `Tried: trigger inversion ${which}${seeds.length > 1 ? `, with ${seeds.length} seeds` : ''}, on ${count(images.search)} clean images. Triggers that no small mask can imitate may go unnoticed.`;
}
