/** Counts as shares of their own set, so that sets of different sizes compare. */
export function sharesOf(counts: Uint32Array): Float64Array {
  const all = counts.reduce((sum, n) => sum + n, 0);
  return Float64Array.from(counts, (n) => (all === 0 ? 0 : n / all));
}

/**
 * Whether one bin dwarfs the rest (more than five times all bins that are nobody's fullest): most units are at zero on most images, and on a
 * linear scale nothing else would be seen.
 */
export function isDominated(sets: readonly Float64Array[]): boolean {
  const peaks = sets.map((shares) => shares.indexOf(Math.max(...shares)));
  const rest = Math.max(0, ...sets.flatMap((shares) => Array.from(shares).filter((_, bin) => !peaks.includes(bin))));
  return rest > 0 && sets.some((shares) => Math.max(...shares) > 5 * rest);
}

/** Bins of no width, of a unit that is constant, as one bin around the value. */
export function drawnEdges(edges: Float32Array): Float32Array {
  const low = edges[0] ?? 0;
  const high = edges[edges.length - 1] ?? low;
  if (high > low) return edges;
  const half = Math.max(Math.abs(low) * 0.1, 0.5);
  return Float32Array.from(edges, (_, i) => low - half + (2 * half * i) / (edges.length - 1));
}

/** The outline of steps: two points a bin, from edge to edge. */
export function outline(edges: ArrayLike<number>, shares: ArrayLike<number>): { x: Float64Array; y: Float64Array } {
  const x = new Float64Array(shares.length * 2);
  const y = new Float64Array(shares.length * 2);
  for (let bin = 0; bin < shares.length; bin++) {
    x[bin * 2] = edges[bin] ?? 0;
    x[bin * 2 + 1] = edges[bin + 1] ?? 0;
    y[bin * 2] = y[bin * 2 + 1] = shares[bin] ?? 0;
  }
  return { x, y };
}
