import type { UnitData } from '../../../protocol/messages/inspect';

const BINS = 32;

/**
 * Histograms of two samples over one range, in bins of equal width; the last bin holds its upper edge too. Where all values are
 * the same there is one bin around it.
 */
export function histogramOf(clean: Float32Array, triggered: Float32Array | null): UnitData['histogram'] {
  let low = Infinity;
  let high = -Infinity;
  for (const values of [clean, triggered]) {
    for (const value of values ?? []) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low === high) {
    const half = Math.max(Math.abs(low) * 0.5, 0.5);
    const whole = (values: Float32Array): Uint32Array => Uint32Array.of(values.length);
    return {
      edges: Float32Array.of(low - half, high + half),
      clean: whole(clean),
      triggered: triggered && whole(triggered),
    };
  }
  const width = (high - low) / BINS;
  const count = (values: Float32Array): Uint32Array => {
    const bins = new Uint32Array(BINS);
    for (const value of values) bins[Math.min(BINS - 1, Math.floor((value - low) / width))]!++;
    return bins;
  };
  return {
    edges: Float32Array.from({ length: BINS + 1 }, (_, i) => (i === BINS ? high : low + i * width)),
    clean: count(clean),
    triggered: triggered && count(triggered),
  };
}
