/** The numbers of a sentence, sorted: what is left of it when only its wording changes. */
export function figuresOf(message: string): string[] {
  return [...message.matchAll(/\d+(?:[.,]\d+)*/g)].map(([figure]) => figure).sort();
}
