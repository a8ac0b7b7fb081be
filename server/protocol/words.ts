/** How figures are written, wherever a sentence, a table or a page has them. */

/**
 * A share in [0, 1] as a percentage: `98.9 %`, `0.06 %`, `100 %`. Never rounds up to 100 % or down to 0 %: a model that errs
 * once is not shown as perfect.
 */
export function percent(share: number): string {
  const exact = share * 100;
  if (exact === 0 || exact === 100) return `${exact} %`;
  for (let digits = exact < 1 || exact > 99.9 ? 2 : 1; digits <= 4; digits++) {
    const rounded = Number(exact.toFixed(digits));
    if (rounded !== 0 && rounded !== 100) return `${rounded} %`;
  }
  return exact > 50 ? '> 99.9999 %' : '< 0.0001 %';
}

/** A share that may be below 0: `−0.1 %`. */
export const signedPercent = (share: number): string => signed(share, percent);

/** A share with as many decimals as a column has, and without its sign: `98.89`, `0.06`, `100`. Never rounded to all or nothing. */
export function fixedShare(share: number, decimals = 2): string {
  const exact = share * 100;
  if (exact === 0 || exact === 100) return String(exact);
  const least = 10 ** -decimals;
  const shown = exact > 0 ? Math.max(least, exact) : exact;
  return (exact < 100 ? Math.min(100 - least, shown) : shown).toFixed(decimals);
}

/** How a figure that may be below 0 is written, by the words for one that may not. */
export function signed(value: number, words: (size: number) => string): string {
  return value < 0 ? `−${words(-value)}` : words(value);
}

/** A limit as it was written: `5 %`, `0.25 %`. */
export function limitWords(limit: number): string {
  return `${Number((limit * 100).toPrecision(6))} %`;
}

/** How far something is, a share in [0, 1], as a whole percentage; 100 % only at its end. */
export function percentDone(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

/** A difference of shares in percentage points, with its sign: `+0.21 points`, `−1 point`, `0 points`. Never rounds to 0 what is not. */
export function points(delta: number): string {
  return `${delta < 0 ? '−' : delta > 0 ? '+' : ''}${pointsOf(Math.abs(delta))}`;
}

/** The same without a sign, for what has a direction in words: `0.21 points`. */
export function pointsOf(size: number): string {
  const exact = size * 100;
  const shown = Number(exact < 0.001 ? exact.toPrecision(1) : exact.toFixed(exact < 0.1 ? 3 : 2));
  return `${shown} ${shown === 1 ? 'point' : 'points'}`;
}

/** A drop of a share, without a sign; one below 0 is a gain, and is called one. */
export function dropWords(drop: number): string {
  return drop < 0 ? `${pointsOf(-drop)} gained` : pointsOf(drop);
}

/** Percentage points in a column of figures: `+0.12`, `−3.40`, `±0`. */
export function pointsChange(delta: number): string {
  const fixed = Math.abs(delta * 100).toFixed(2);
  return fixed === '0.00' ? '±0' : `${delta > 0 ? '+' : '−'}${fixed}`;
}

/** Whole numbers with a comma every three digits, the same on every machine. */
export function count(n: number): string {
  return String(n).replace(/(?<!\.\d*)\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 neuron`, `25 neurons`. */
export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? '' : 's'}`;
}

/** Units of a convolution are channels, those of a Dense layer neurons. @param n how many, for the plural */
export function unitWord(kind: string, n = 1): string {
  return `${kind === 'Dense' ? 'neuron' : 'channel'}${n === 1 ? '' : 's'}`;
}

/** `25 neurons`, `1 channel`. Findings have it so, whose texts decisions are held to: no comma. */
export function units(n: number, kind: string): string {
  return `${n} ${unitWord(kind, n)}`;
}

/** Size of a mask, the sum of its shares over the pixels: `4.0`, `70`, `1,200`. */
export function maskSize(norm: number): string {
  return norm < 10 ? norm.toFixed(1) : count(Math.round(norm));
}

export const pixels = (norm: number): string => `${maskSize(norm)} pixels`;

/** `p = 0.034`, `p < 0.0001`. */
export function pWords(pValue: number): string {
  return pValue < 1e-4 ? 'p < 0.0001' : `p = ${Number(pValue.toPrecision(2))}`;
}

/** Bytes that are moved or stored, in millions, as download pages and disks count them: `231 MB`; `0 MB` for none alone. */
export function megabytes(bytes: number): string {
  return `${bytes > 0 ? Math.max(1, Math.round(bytes / 1e6)) : 0} MB`;
}

/** Bytes of a file beside a limit, which is a power of two: `65 MB` for one byte more than 64 times 2²⁰. */
export function limitMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MB`;
}

/** The first letter in upper case, or in lower case. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
export const uncapital = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** `a`, `a and b`, `a, b and c`; with more than `most` of them `a, b and 22 more`. */
export function list(words: readonly string[], most = Infinity): string {
  if (words.length > most) return indexList(words, most);
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Some of a longer list of indices: `3, 7, 12 and 22 more`; a short one without a word: `3, 7, 12`. */
export function indexList(indices: readonly (number | string)[], most: number): string {
  if (indices.length <= most) return indices.join(', ');
  return `${indices.slice(0, most).join(', ')} and ${count(indices.length - most)} more`;
}
