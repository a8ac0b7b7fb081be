import assert from 'node:assert/strict';
import { PNG } from 'pngjs';
import { maskPicture, triggerPicture } from '../../../../server/language/text/mask-picture';

describe('pictures of an estimated trigger', () => {
  const decode = (uri: string): PNG => PNG.sync.read(Buffer.from(uri.replace('data:image/png;base64,', ''), 'base64'));
  const pixel = (png: PNG, x: number, y: number): number[] => [
    ...png.data.subarray(4 * (y * png.width + x), 4 * (y * png.width + x) + 3),
  ];
  const base64 = (...bytes: number[]): string => Buffer.from(bytes).toString('base64');

  it('enlarge each pixel to a square', () => {
    const png = decode(maskPicture({ mask: base64(0, 255, 128, 64), pattern: base64(0, 0, 0, 0) }, [2, 2, 1]));
    assert.deepEqual([png.width, png.height], [112, 112]);
    assert.deepEqual(
      [pixel(png, 1, 1), pixel(png, 55, 55), pixel(png, 56, 1), pixel(png, 55, 56), pixel(png, 110, 110)],
      [
        [0, 0, 0],
        [0, 0, 0],
        [255, 255, 255],
        [128, 128, 128],
        [64, 64, 64],
      ],
    );
    for (const [x, y] of [
      [0, 0],
      [111, 60],
      [60, 0],
      [0, 111],
    ] as const)
      assert.deepEqual(pixel(png, x, y), [128, 128, 128], 'the frame');
  });

  it('show the trigger on grey, in colour where the images have it', () => {
    const grey = decode(triggerPicture({ mask: base64(0, 255, 255, 0), pattern: base64(9, 255, 0, 9) }, [2, 2, 1]));
    assert.deepEqual(
      [pixel(grey, 1, 1), pixel(grey, 60, 1), pixel(grey, 1, 60)],
      [
        [128, 128, 128],
        [255, 255, 255],
        [0, 0, 0],
      ],
    );
    const colour = decode(triggerPicture({ mask: base64(255), pattern: base64(10, 20, 30) }, [1, 1, 3]));
    assert.deepEqual(pixel(colour, 50, 50), [10, 20, 30]);
  });

  it('stay small whatever the size of the images', () => {
    for (const [height, width] of [
      [1, 1],
      [28, 28],
      [224, 160],
      [1000, 1500],
    ] as const) {
      const bytes = Buffer.alloc(height * width, 200).toString('base64');
      const png = decode(maskPicture({ mask: bytes, pattern: bytes }, [height, width, 1]));
      assert.ok(
        Math.max(png.width, png.height) <= 112 && Math.min(png.width, png.height) >= 1,
        `${png.width}×${png.height}`,
      );
      assert.deepEqual(pixel(png, png.width >> 1, png.height >> 1), [200, 200, 200]);
    }
  });
});
