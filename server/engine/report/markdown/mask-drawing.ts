/** Columns of a drawing with its frame, at most: what a terminal, a comment and a narrow window show without breaking lines. */
export const MOST_COLUMNS = 32;

/** From next to nothing to the strongest. A cell below the first limit stays empty. */
const SHADES: readonly [limit: number, shade: string][] = [
  [0.75, '█'],
  [0.5, '▓'],
  [0.25, '▒'],
  [0.06, '░'],
];

/**
 * A mask drawn with block characters in a frame, as lines of one width, for places that show no pictures: a code block of a forge,
 * a terminal. A character stands for about as much height as two of its widths, so one column is a pixel and one row two of them;
 * larger images are averaged down to `MOST_COLUMNS` columns. Shades are shares of the mask's strongest cell.
 *
 * @param mask one byte a pixel, row by row; 255 replaces the pixel altogether
 * @returns no lines where the bytes are not height·width
 */
export function maskDrawing(mask: Uint8Array, height: number, width: number): string[] {
  if (mask.length !== height * width || mask.length === 0) return [];
  const columns = Math.min(width, MOST_COLUMNS - 2);
  const rows = Math.max(1, Math.min(MOST_COLUMNS, Math.round((height * columns) / width / 2)));
  const cells = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) =>
      meanOf(mask, width, span(row, rows, height), span(column, columns, width)),
    ),
  );
  const strongest = Math.max(...cells.flat());
  const line = (cellsOfRow: readonly number[]): string =>
    `│${cellsOfRow.map((cell) => shadeOf(strongest > 0 ? cell / strongest : 0)).join('')}│`;
  const edge = '─'.repeat(columns);
  return [`┌${edge}┐`, ...cells.map(line), `└${edge}┘`];
}

/** Bytes of a mask in base64. */
export function maskBytes({ mask }: { mask: string }): Uint8Array {
  return Buffer.from(mask, 'base64');
}

/** Strongest byte of a mask as a share of 255: how much of the image its strongest pixel replaces. */
export function strongestShare(mask: Uint8Array): number {
  return mask.reduce((most, byte) => Math.max(most, byte), 0) / 255;
}

/** First pixel and the one behind the last of a cell, at least one. */
function span(at: number, cells: number, pixels: number): [number, number] {
  const from = Math.floor((at * pixels) / cells);
  return [from, Math.max(from + 1, Math.floor(((at + 1) * pixels) / cells))];
}

function meanOf(
  mask: Uint8Array,
  width: number,
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): number {
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += mask[y * width + x]!;
  return sum / ((bottom - top) * (right - left));
}

function shadeOf(share: number): string {
  return SHADES.find(([limit]) => share >= limit)?.[1] ?? ' ';
}
