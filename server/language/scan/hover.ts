import type { Hover, Position } from 'vscode-languageserver-types';
import { isNeuralCleanse, type NeuralCleanseEvidence, type ScanReport } from '../../protocol/report/scan';
import type { ConfigText } from '../text/config-text';
import { hoverAt, type Path } from '../text/hover-at';
import { TERMS, type TermId } from '../text/metric-text';
import { classMarkdown, scanMarkdown, type Scanned } from './text';
import { count, percent, pixels } from '../../protocol/words';

/** What a figure of a scan means, and the pictures of what it found. Null where there is nothing to add to the text. */
export function scanHover(text: ConfigText, report: ScanReport, position: Position): Hover | null {
  return hoverAt(text, position, (path) => explain(report, path));
}

/** Markdown paragraphs for the value at a path; undefined when a wider one explains it. */
function explain(report: ScanReport, path: Path): string[] | undefined {
  const [top, second] = path;
  if (top === 'scan') return scanPart(report, path.slice(1));
  if (path.length !== 2) return undefined;
  if (top === 'model')
    return second === 'topology' || second === 'weights' || second === 'form'
      ? [
          'SHA-256 of what the layers compute (`topology`) and of the values that they read (`weights`), whatever file the model lies in: a different hash of these means a different model, about which this scan says nothing. `form` covers how the file holds them: names, types, places.',
        ]
      : undefined;
  return top === 'data' && second === 'clean'
    ? ['Clean images that the scan searched on, and others that it measured success on.']
    : undefined;
}

/** The same for a place inside of a scan, wherever the scan stands. */
export function scanPart(scanned: Scanned, [part, index, ...rest]: Path): string[] | undefined {
  if (part === 'evidence' && typeof index === 'number') {
    const evidence = scanned.scan.evidence[index];
    return evidence && isNeuralCleanse(evidence) ? ofMasks(scanned, evidence, rest) : undefined;
  }
  return part === undefined || part === 'evidence' || part === 'word' || part === 'sentence' || part === 'suspects'
    ? scanMarkdown(scanned)
    : ofScan(part);
}

/** The table of trigger inversion. */
function ofMasks(
  scanned: Scanned,
  { classes, limits, medianNorm }: NeuralCleanseEvidence,
  [part, index, field]: Path,
): string[] | undefined {
  const { searched } = scanned.scan;
  switch (part) {
    case 'classes':
      return typeof index === 'number'
        ? ofClass(scanned, { classes, medianNorm }, index, field)
        : scanMarkdown(scanned);
    case 'limits':
      return [
        `A class is suspicious with an anomaly index above ${limits.index} *and* a mask below ${limits.share} of the median.`,
        ...term('anomalyIndex'),
      ];
    case 'medianNorm':
      return [
        `Median size of the masks of ${searched ? 'the' : 'all'} ${count(classes.length)} classes${searched ? ' that were searched' : ''}: ${pixels(medianNorm)}.`,
        ...term('maskNorm'),
      ];
    case 'seeds':
      return ['Seeds of the searches. A borderline case is searched again with a second seed.'];
    default:
      return scanMarkdown(scanned);
  }
}

function ofClass(
  { model }: Scanned,
  { classes, medianNorm }: Pick<NeuralCleanseEvidence, 'classes' | 'medianNorm'>,
  index: number,
  field: string | number | undefined,
): string[] | undefined {
  const one = classes[index];
  if (!one) return undefined;
  const pictures = [
    `**Class ${one.target}** · estimated trigger${one.flagged ? ' · **suspicious**' : ''}`,
    ...classMarkdown(one, model.shape),
  ];
  switch (field) {
    case 'anomalyIndex':
      return [...pictures, ...term('anomalyIndex')];
    case 'norm':
    case 'screened':
    case 'share':
      return [...pictures, `The median over the classes is ${pixels(medianNorm)}.`, ...term('maskNorm')];
    case 'success':
      return [...pictures, `95 % interval ${percent(one.success.low)} – ${percent(one.success.high)}.`];
    default:
      return [...pictures, ...term('triggerInversion')];
  }
}

function ofScan(field: string | number): string[] | undefined {
  switch (field) {
    case 'cleanAccuracy':
      return [
        'Images of the scan that the model classifies as labelled. If it hardly recognises them, nothing can be found: the pixel settings or the labels then differ from those it was trained with.',
        ...term('cleanAccuracy'),
      ];
    case 'advice':
      return [
        "Settings, or an order of the labels, with which the model gets at least two percentage points more of the same images right (McNemar's exact test, p < 0.01).",
      ];
    case 'searched':
      return [
        'The only classes that were searched, and how many the model has. Median, shares and indices compare only these.',
      ];
    case 'images':
      return ['Clean images that masks were searched on, and others that their success was measured on.'];
    default:
      return undefined;
  }
}

const term = (id: TermId): string[] => [`**${TERMS[id].title}.** ${TERMS[id].definition}`];
