import type { ScanData } from '../../../server/protocol/messages/inspect';
import { inversions, neuralCleanse, type ClassInversion, type ScanResult } from '../../../server/protocol/report/scan';
import { count, percent, pixels } from '../../../server/protocol/words';

/** What a scan found, class by class, in words. */

/** Classes whose masks are known, smallest first; suspicious ones go before the others where not all are shown. */
export function shownMasks(scan: Pick<ScanResult, 'evidence'>, most: number): ClassInversion[] {
  const bySize = (a: ClassInversion, b: ClassInversion): number => a.screened - b.screened || a.target - b.target;
  const known = inversions(scan).filter(({ estimate }) => estimate !== null);
  return known
    .sort((a, b) => Number(b.flagged) - Number(a.flagged) || bySize(a, b))
    .slice(0, most)
    .sort(bySize);
}

/** Under a picture: what it shows and how well that works; how its class compares with the others. */
export function inversionFacts({ norm, share, anomalyIndex, success }: ClassInversion): [string, string] {
  return [
    `${pixels(norm)}, success ${percent(success.rate)}`,
    `${share.toFixed(2)} of median, index ${signed(anomalyIndex)}`,
  ];
}

/** The same for people who do not see the picture. */
export function inversionText({ norm, share, anomalyIndex, success, flagged }: ClassInversion): string {
  return `${flagged ? 'suspicious, ' : ''}${pixels(norm)}, sends ${percent(success.rate)} of ${count(success.of)} other images to it; ${share.toFixed(2)} of the median of all classes, anomaly index ${signed(anomalyIndex)}`;
}

const signed = (index: number): string => index.toFixed(1).replace('-', '−');

/** What makes a class suspicious. */
export function limitsText(scan: ScanResult): string {
  const masks = neuralCleanse(scan);
  if (!masks) return '';
  const { limits, medianNorm } = masks;
  return `Suspicious: an anomaly index above ${limits.index}, a mask below ${limits.share} of the median (${pixels(medianNorm)}), and success on ${count(scan.images.measured)} images that it was not searched on. Share and index compare all classes after equally long searches.`;
}

const SOURCES: Record<NonNullable<ScanData['found']>['source'], string> = {
  trigger: 'Made because the config describes no trigger.',
  cache: 'Made by an earlier run of this config.',
  file: '',
  report: 'Made by the run that wrote the report.',
};

/** Where a scan is from. */
export function sourceText({ source, file }: Pick<NonNullable<ScanData['found']>, 'source' | 'file'>): string {
  return source === 'file' ? `From ${file}.` : SOURCES[source];
}
