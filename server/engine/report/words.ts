/** Figures as sentences write them, in one place: `98.9 %`, `0.06 %`, `100 %`. `share` is in [0, 1]. */
export function percent(share: number): string {
  const p = share * 100;
  if (p === 0 || p === 100) return `${p} %`;
  const digits = p < 1 || p > 99.9 ? 2 : 1;
  return `${Number(p.toFixed(digits))} %`;
}

/** `25 neurons`, `1 channel`. */
export function units(count: number, kind: 'Dense' | 'Conv2D' | 'Add'): string {
  const word = kind === 'Dense' ? 'neuron' : 'channel';
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
