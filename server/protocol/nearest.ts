/** Levenshtein's edit distance: insertions, deletions and substitutions that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}

// Names come from files that nobody vouches for: longer ones are compared by their beginning.
const COMPARED_CHARACTERS = 64;

/** The candidates, those most like `word` first; equal ones keep their order. Case does not count. */
export function nearestFirst(word: string, candidates: readonly string[]): string[] {
  const key = (name: string) => name.slice(0, COMPARED_CHARACTERS).toLowerCase();
  const wanted = key(word);
  return candidates
    .map((name, index) => ({ name, index, distance: editDistance(wanted, key(name)) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index)
    .map(({ name }) => name);
}

/** The known word that a mistyped one was probably meant to be: the same but for case, or at most two edits away. */
export function nearest(word: string, known: readonly string[]): string | null {
  const limit = word.length < 5 ? 1 : 2;
  const [best] = known
    // As many edits as their lengths differ by are needed at least, so that no long word is compared with all.
    .filter((candidate) => Math.abs(candidate.length - word.length) <= limit)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return best?.candidate ?? null;
}
