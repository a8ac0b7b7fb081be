/** Figures as sentences write them, in one place: `98.9 %`, `0.06 %`, `100 %`. `share` is in [0, 1]. */
export function percent(share: number): string {
  const p = share * 100;
  if (p === 0 || p === 100) return `${p} %`;
  const digits = p < 1 || p > 99.9 ? 2 : 1;
  // What is not quite all or nothing is never rounded to it.
  return `${Number(Math.min(99.99, Math.max(0.01, p)).toFixed(digits))} %`;
}

/** `25 neurons`, `1 channel`. */
export function units(count: number, kind: 'Dense' | 'Conv2D' | 'Add'): string {
  const word = kind === 'Dense' ? 'neuron' : 'channel';
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
