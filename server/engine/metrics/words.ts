import type { Attempt, DefenseReport, Proof } from '../../protocol/report/report';

/** Figures as sentences write them, in one place: `98.9 %`, `0.06 %`, `100 %`. `share` is in [0, 1]. */
export function percent(share: number): string {
  const p = share * 100;
  if (p === 0 || p === 100) return `${p} %`;
  const digits = p < 1 || p > 99.9 ? 2 : 1;
  // What is not quite all or nothing is never rounded to it.
  return `${Number(Math.min(99.99, Math.max(0.01, p)).toFixed(digits))} %`;
}

/** A share that may be below 0: `−0.1 %`. */
export function signedPercent(share: number): string {
  return share < 0 ? `−${percent(-share)}` : percent(share);
}

/** Whole numbers with a comma every three digits, on every machine. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A difference of shares in percentage points, with its sign: `+0.21 points`, `−3 points`. Never rounds to 0 what is not. */
export function points(delta: number): string {
  const size = Math.abs(delta) * 100;
  if (size === 0) return '0 points';
  const shown = size < 0.0005 ? '< 0.001' : String(Number(size.toFixed(size < 0.1 ? 3 : 2)));
  return `${delta < 0 ? '−' : '+'}${shown} points`;
}

/** `25 neurons`, `1 channel`. */
export function units(count: number, kind: 'Dense' | 'Conv2D' | 'Add'): string {
  const word = kind === 'Dense' ? 'neuron' : 'channel';
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** `4.0 pixels`, `70 pixels`: the norm of a mask. */
export function pixels(norm: number): string {
  return `${norm < 10 ? norm.toFixed(1) : Math.round(norm)} pixels`;
}

/** Whether the triggered figures are on a trigger that was estimated from the model: then they say so wherever they stand. */
export function isEstimated({ trigger }: Pick<DefenseReport, 'trigger'>): boolean {
  return trigger?.source === 'estimated';
}

/** What the success of a report's trigger is called. */
export function asrName(report: Pick<DefenseReport, 'trigger'>): string {
  return isEstimated(report) ? 'ASR (estimated trigger)' : 'ASR';
}

/** How a layer that nobody named was found. */
export const HOW_FOUND = {
  penultimate: 'found as the penultimate one',
  last: "the last one that can be pruned, since the penultimate one can't",
} as const;

/** The images that a proof's bounded triggers were measured on. */
export function provingImages({ measuredOn }: Pick<Proof, 'measuredOn'>): string {
  return `${measuredOn === 'test' ? 'test' : 'held-out'} images`;
}

/** What became of a repair that was tried. */
export function attemptWord({ chosen, met, missed }: Pick<Attempt, 'chosen' | 'met' | 'missed'>): string {
  if (chosen) return met ? 'kept, gates met' : `kept, ${missedWord(missed)}`;
  return met ? 'gates met, not kept' : 'gates missed';
}

/** The gates that a repair misses on held-out images. */
function missedWord(missed: Attempt['missed']): string {
  const [only, ...others] = missed ?? [];
  if (!only || others.length) return 'gates missed';
  return only === 'maxAccuracyDrop' ? 'accuracy gate missed' : 'ASR gate missed';
}
