import type { ScanResult } from '../../protocol/scan';
import { percent } from '../report/words';

/** What a scan found, and what was tried, in words; never that a model is clean. */
export function scanSentence({ word, flagged, classes, medianNorm, seeds }: Omit<ScanResult, 'sentence'>): string {
  const tried = `Tried: trigger inversion for all ${classes.length} classes${seeds.length > 1 ? ', with two seeds' : ''}.`;
  if (word === 'suspicious') {
    const said = flagged.map((target) => {
      const { norm, success, anomalyIndex } = classes[target]!;
      return `class ${target}: a mask of ${pixels(norm)} takes ${percent(success.rate)} of other images to it (anomaly index ${anomalyIndex.toFixed(1)})`;
    });
    return `Suspicious: ${said.join('; ')}. The median of the classes is ${pixels(medianNorm)}. ${tried}`;
  }
  const least = classes.reduce((a, b) => (b.screened < a.screened ? b : a));
  return `Nothing found: the smallest mask, of class ${least.target}, has ${pixels(least.screened)}, ${least.share.toFixed(2)} of the median (anomaly index ${least.anomalyIndex.toFixed(1)}). ${tried} Triggers that no small mask imitates can escape it.`;
}

function pixels(norm: number): string {
  return `${norm < 10 ? norm.toFixed(1) : Math.round(norm)} pixels`;
}
