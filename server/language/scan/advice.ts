import type { Diagnostic, Range } from 'vscode-languageserver-types';
import { placeOf } from '../../protocol/data-source';
import { pixelWords, type OtherPixels, type ScanResult } from '../../protocol/report/scan';
import { withPixels } from '../config/edits';
import { dataFormatOf, nodeAt, pointerToPath, rangeOf, topRange, type ConfigText } from '../text/config-text';
import { changedPart } from '../text/json-edits';
import { problem, type Fix } from '../text/problem';
import type { LastScan } from './state';
import { percent } from '../../protocol/words';
import { plain } from '../../protocol/text/plain';

export const NOT_MEASURABLE = 'scan.notMeasurable';
export const OTHER_PIXELS = 'scan.settings';
export const OTHER_LABELS = 'scan.labels';

/** An advice's own sentence is some hundred characters; a file may hold anything. */
const MOST_SENTENCE = 900;

/** What speaks against the settings or the labels of a scan, as a warning; none where nothing does, or where its data have changed. */
export function adviceDiagnostics(
  scan: ScanResult,
  changed: readonly string[],
  range: (code: string) => Range,
  fixes: Fix[] = [],
): Diagnostic[] {
  if (changed.length > 0) return [];
  const { advice } = scan;
  if (scan.evidence.length === 0) {
    const code = advice?.labels && !advice.settings ? OTHER_LABELS : OTHER_PIXELS;
    return [problem(NOT_MEASURABLE, 'warning', range(code), cut(scan.sentence), fixes)];
  }
  // Too few classes were searched to compare them.
  const few =
    scan.word === 'not measurable'
      ? [problem(NOT_MEASURABLE, 'warning', range(NOT_MEASURABLE), cut(scan.sentence))]
      : [];
  if (!advice) return few;
  const code = advice.settings ? OTHER_PIXELS : OTHER_LABELS;
  return [
    ...few,
    problem(
      code,
      'warning',
      range(code),
      `${scan.cleanAccuracy ? `The scan was made at a clean accuracy of ${percent(scan.cleanAccuracy.rate)}. ` : ''}${cut(advice.sentence)}`,
      fixes,
    ),
  ];
}

/** The same in a config: at the settings or labels that it is about, with the change of the text that sets what fits better. */
export function configAdvice(config: ConfigText, { report, changed }: LastScan): Diagnostic[] {
  const places: Record<string, string[][]> = {
    [OTHER_LABELS]: [
      pointerToPath(placeOf(dataFormatOf(config), '/data/train', 'labels')),
      ['data', 'train'],
      ['data'],
    ],
    [OTHER_PIXELS]: [['data', 'mean'], ['data', 'std'], ['data', 'scale'], ['data']],
  };
  const range = (code: string): Range => {
    const node = (places[code] ?? []).map((path) => nodeAt(config, path)).find(Boolean);
    // A whole object is marked by its key alone.
    const key = node?.type === 'object' ? node.parent?.children?.[0] : node;
    return key ? rangeOf(config, key) : topRange(config);
  };
  return adviceDiagnostics(report.scan, changed, range, pixelFixes(config, report.scan.advice?.settings ?? []));
}

/** Settings that do without other images, each as one edit. */
function pixelFixes({ document }: ConfigText, settings: readonly OtherPixels[]): Fix[] {
  const [first] = settings;
  if (first?.images !== 'as they are') return [];
  const before = document.getText();
  let after: string;
  try {
    after = withPixels(before, first);
  } catch {
    return [];
  }
  if (after === before) return [];
  const { start, end, text } = changedPart(before, after);
  return [
    {
      title: `Use ${pixelWords(first)}`,
      range: { start: document.positionAt(start), end: document.positionAt(end) },
      newText: text,
    },
  ];
}

const cut = (sentence: string): string => plain(sentence, MOST_SENTENCE);
