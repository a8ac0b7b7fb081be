import { PNG } from 'pngjs';
import type { EstimatedTrigger } from '../../protocol/report/scan';

/** Width or height of a picture, whichever is more, in pixels of the screen. */
const SIDE = 112;
/** What a trigger is shown on: darker and brighter ones can both be told from it. Also the frame: a black picture has an edge in a black window. */
const GREY = 128;

type Shape = readonly [height: number, width: number, channels: number];

/** How much of each pixel an estimated trigger replaces, white for all of it, as a PNG in a `data:` URI. */
export function maskPicture({ mask }: EstimatedTrigger, [height, width]: Shape): string {
  const shares = Buffer.from(mask, 'base64');
  return picture(height, width, (pixel) => {
    const share = shares[pixel] ?? 0;
    return [share, share, share];
  });
}

/** An estimated trigger as it looks on a grey image, as a PNG in a `data:` URI. */
export function triggerPicture({ mask, pattern }: EstimatedTrigger, [height, width, channels]: Shape): string {
  const shares = Buffer.from(mask, 'base64');
  const values = Buffer.from(pattern, 'base64');
  const colours = channels >= 3 ? [0, 1, 2] : [0, 0, 0];
  return picture(height, width, (pixel) => {
    const share = (shares[pixel] ?? 0) / 255;
    const [r = GREY, g = GREY, b = GREY] = colours.map((channel) =>
      Math.round(GREY * (1 - share) + (values[pixel * channels + channel] ?? 0) * share),
    );
    return [r, g, b];
  });
}

/** Nearest neighbour, so that a pixel stays a square, in a frame of one pixel of the screen; a large image loses pixels, never its outline. */
function picture(height: number, width: number, colourOf: (pixel: number) => [number, number, number]): string {
  const largest = Math.max(height, width);
  const scale = largest <= SIDE ? Math.max(1, Math.floor(SIDE / largest)) : SIDE / largest;
  const png = new PNG({
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  });
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      const row = Math.min(height - 1, Math.floor(y / scale));
      const column = Math.min(width - 1, Math.floor(x / scale));
      const isFrame = y === 0 || x === 0 || y === png.height - 1 || x === png.width - 1;
      png.data.set([...(isFrame ? [GREY, GREY, GREY] : colourOf(row * width + column)), 255], 4 * (y * png.width + x));
    }
  }
  return `data:image/png;base64,${PNG.sync.write(png, { colorType: 2 }).toString('base64')}`;
}
