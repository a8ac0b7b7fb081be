/** What a key does in a grid of rows. */
export type GridAction =
  { kind: 'move'; to: number; extend: boolean } | { kind: 'toggle'; range: boolean } | { kind: 'activate' };

/**
 * The keys of the ARIA grid pattern, with rows as what has the focus. Null: not a key of the grid.
 * @param page how many rows are seen at once
 */
export function gridAction(
  key: { key: string; shiftKey: boolean; altKey: boolean },
  row: number,
  rows: number,
  page: number,
): GridAction | null {
  if (key.altKey || rows === 0) return null;
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: Math.max(1, page - 1),
    PageUp: -Math.max(1, page - 1),
    Home: -rows,
    End: rows,
  };
  const step = steps[key.key];
  if (step !== undefined)
    return {
      kind: 'move',
      to: Math.max(0, Math.min(rows - 1, row + step)),
      extend: key.shiftKey && key.key.startsWith('Arrow'),
    };
  if (key.key === ' ') return { kind: 'toggle', range: key.shiftKey };
  return key.key === 'Enter' ? { kind: 'activate' } : null;
}
