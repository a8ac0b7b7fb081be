import assert from 'node:assert/strict';
import {
  maskBytes,
  maskDrawing,
  MOST_COLUMNS,
  strongestShare,
} from '../../../../../server/engine/report/markdown/mask-drawing';
import { spotEstimate } from '../../../../fixtures/scan-result';

/** A mask that is `share` of 255 where `at` says so. */
const maskOf = (height: number, width: number, share: (y: number, x: number) => number): Uint8Array =>
  Uint8Array.from({ length: height * width }, (_, i) => 255 * share(Math.floor(i / width), i % width));

describe('a mask drawn in characters', () => {
  it('shows a patch at its place, a column a pixel and a row two of them, in a frame', () => {
    const lines = maskDrawing(
      maskOf(28, 28, (y, x) => (y >= 24 && y < 27 && x >= 24 && x < 27 ? 1 : 0)),
      28,
      28,
    );
    assert.equal(lines.length, 14 + 2);
    assert.deepEqual([lines[0], lines.at(-1)], [`┌${'─'.repeat(28)}┐`, `└${'─'.repeat(28)}┘`]);
    assert.ok(
      lines.slice(1, 13).every((line) => line === `│${' '.repeat(28)}│`),
      'nothing elsewhere',
    );
    assert.equal(lines[13], `│${' '.repeat(24)}███ │`);
    assert.equal(lines[14], `│${' '.repeat(24)}▓▓▓ │`, 'the lower of two rows is empty');
  });

  it('shades by the strongest cell, so that a faint mask is seen too', () => {
    const ramp = maskOf(2, 5, (_, x) => (0.2 * x) / 4);
    assert.equal(maskDrawing(ramp, 2, 5)[1], '│ ░▒▓█│');
    assert.equal(strongestShare(ramp), 51 / 255);
  });

  it('has lines of one width, never more than there is room for, and as many rows as the shape asks for', () => {
    for (const [height, width] of [
      [1, 1],
      [1, 500],
      [500, 1],
      [28, 28],
      [32, 32],
      [7, 13],
      [224, 224],
      [1000, 10],
    ] as const) {
      const lines = maskDrawing(
        maskOf(height, width, (y, x) => ((y * 31 + x * 17) % 11) / 10),
        height,
        width,
      );
      assert.ok(
        lines.every((line) => [...line].length === [...lines[0]!].length && [...line].length <= MOST_COLUMNS),
        `${height}×${width}`,
      );
      assert.ok(lines.length >= 3 && lines.length <= MOST_COLUMNS + 2, `${height}×${width}: ${lines.length} lines`);
    }
  });

  it('keeps what is small when a large image is averaged down', () => {
    const lines = maskDrawing(
      maskOf(224, 224, (y, x) => (y < 8 && x < 8 ? 1 : 0)),
      224,
      224,
    );
    assert.match(lines[1]!, /^│[█▓▒]/);
  });

  it('of nothing is an empty frame, and of bytes that do not fit nothing at all', () => {
    assert.deepEqual(maskDrawing(new Uint8Array(4), 2, 2), ['┌──┐', '│  │', '└──┘']);
    assert.deepEqual(maskDrawing(new Uint8Array(5), 2, 2), []);
    assert.deepEqual(maskDrawing(new Uint8Array(), 0, 0), []);
  });

  it('reads the bytes of an estimate', () => {
    const bytes = maskBytes(spotEstimate({ row: 25, column: 25, norm: 4.1, seed: 1 }));
    assert.equal(bytes.length, 784);
    assert.ok(maskDrawing(bytes, 28, 28)[13]!.includes('█'));
  });
});
