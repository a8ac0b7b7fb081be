import type { ResolvedTrigger } from '../../protocol/config/config';
import { badInput } from '../../protocol/errors';
import { readPattern, type Pattern } from './png';
import { clip, perChannel, type Shape, type Stamp } from './stamp';

type Patch = Extract<ResolvedTrigger, { kind: 'patch' }>;

/**
 * Patch of pixels (BadNets; Gu, Dolan-Gavitt, Garg 2017): replaces part of the image, or mixes with it where the patch is
 * partly transparent.
 *
 * @param image absolute path of the patch's PNG; null for the constant `config.value`
 * @throws FinePruneError `trigger.doesNotFit`, `trigger.value`, `trigger.image…`
 */
export async function patchStamp(config: Patch, image: string | null, shape: Shape): Promise<Stamp> {
  const [imageHeight, imageWidth, channels] = shape;
  const pattern =
    image === null
      ? constantPatch(config, shape)
      : await readPattern(image, channels, (height, width) => whyNot(config, height, width, shape));
  const { height, width } = pattern;
  const top =
    config.vertical.from === 'top' ? config.vertical.distance : imageHeight - config.vertical.distance - height;
  const left =
    config.horizontal.from === 'left' ? config.horizontal.distance : imageWidth - config.horizontal.distance - width;
  const stamp = (pixels: Float32Array): void => {
    const imageSize = imageHeight * imageWidth * channels;
    for (let start = 0; start < pixels.length; start += imageSize) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const opacity = pattern.opacity[row * width + column]!;
          const from = (row * width + column) * channels;
          const to = start + ((top + row) * imageWidth + left + column) * channels;
          for (let channel = 0; channel < channels; channel++) {
            pixels[to + channel] = (1 - opacity) * pixels[to + channel]! + opacity * pattern.pixels[from + channel]!;
          }
        }
      }
    }
    clip(pixels);
  };
  return { stamp, sha256: image === null ? null : pattern.sha256 };
}

function constantPatch(config: Patch, shape: Shape): Pattern {
  const [height, width] = config.size ?? [0, 0];
  const value = perChannel(config.value, shape[2], '/trigger/value');
  const reason = whyNot(config, height, width, shape);
  if (reason !== null) {
    throw badInput('trigger.doesNotFit', `The patch does not fit: ${reason}.`, {
      place: '/trigger/size',
      todo: 'Make the patch smaller or move it.',
    });
  }
  const pixels = Float32Array.from({ length: height * width * shape[2] }, (_, i) => value[i % shape[2]]!);
  return { height, width, pixels, opacity: new Float32Array(height * width).fill(1), sha256: '' };
}

function whyNot(
  { size, vertical, horizontal }: Patch,
  height: number,
  width: number,
  [imageHeight, imageWidth]: Shape,
): string | null {
  if (size !== null && (size[0] !== height || size[1] !== width)) {
    return `it is ${height}×${width} pixels, but \`size\` says ${size[0]}×${size[1]}`;
  }
  if (height < 1 || width < 1) return `it is ${height}×${width} pixels`;
  if (vertical.distance + height <= imageHeight && horizontal.distance + width <= imageWidth) return null;
  return `${height}×${width} pixels, ${vertical.distance} from the ${vertical.from} and ${horizontal.distance} from the ${horizontal.from}, extend beyond the ${imageHeight}×${imageWidth} image`;
}
