/** Figures as only pages need them. */

/** An activation or weight in at most four significant digits: `0.01234`, `12.3`, `0`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** A share in [0, 1] on an axis: `0 %`, `25 %`, `99.5 %`. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
