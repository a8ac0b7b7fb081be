/** Units in the order in which they are pruned: lowest score first, ties by lower index. */
export function pruneOrder(scores: ArrayLike<number>): Int32Array {
  return Int32Array.from(
    Array.from({ length: scores.length }, (_, u) => u).sort((a, b) => scores[a]! - scores[b]! || a - b),
  );
}

/** The `count` units whose mean rises most from clean to triggered inputs, largest rise first, ties by lower index. */
export function mostRaised(clean: ArrayLike<number>, triggered: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: clean.length }, (_, u) => u)
    .sort((a, b) => triggered[b]! - clean[b]! - (triggered[a]! - clean[a]!) || a - b)
    .slice(0, count);
}
