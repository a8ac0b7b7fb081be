import type { ResolvedTrigger } from '../../protocol/config/config';
import { randomStream, type RandomStream } from '../data/random';
import type { Shape, Stamp } from './stamp';

type Warped = Extract<ResolvedTrigger, { kind: 'warped' }>;

/** How far each pixel looks aside, in pixels; [height·width] each. */
interface Flow {
  readonly down: Float64Array;
  readonly right: Float64Array;
}

/** Noise of the noise mode, in pixels: each coordinate of each pixel looks aside by up to this much more. */
const NOISE = 1;
/** Of the cubic convolution that enlarges the flow (Keys 1981), as the authors' framework has it. */
const CUBIC = -0.75;

/**
 * WaNet (Nguyen, Tran, "WaNet – Imperceptible Warping-based Backdoor Attack", ICLR 2021, sections 3.2 and 3.3): a grid of k×k
 * random offsets, uniform in [−1, 1] and divided by their mean absolute value, times the strength, enlarged to the image by
 * bicubic interpolation, is how far each pixel looks aside; in between, pixels are interpolated bilinearly, and beyond the border
 * lies the border. Offsets are in pixels here. The authors' code counts them as shares of half the image, so that its strength
 * 0.5 is 0.25 here, less one part in the height.
 */
export function warpedStamp(config: Warped, shape: Shape): Stamp {
  const [height, width, channels] = shape;
  const flow = flowOf(config, height, width);
  const size = height * width * channels;
  const stamp = (pixels: Float32Array): void => {
    for (let start = 0; start + size <= pixels.length; start += size)
      warp(pixels.subarray(start, start + size), flow, shape);
  };
  const noisy = (image: Float32Array, random: RandomStream): void => {
    const shaken = (offsets: Float64Array): Float64Array =>
      offsets.map((offset) => offset + NOISE * (2 * random.unit() - 1));
    warp(image, { down: shaken(flow.down), right: shaken(flow.right) }, shape);
  };
  return { stamp, noisy, sha256: null };
}

/** Warps one image in place. */
function warp(image: Float32Array, { down, right }: Flow, [height, width, channels]: Shape): void {
  const source = image.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const fromY = Math.min(height - 1, Math.max(0, y + down[at]!));
      const fromX = Math.min(width - 1, Math.max(0, x + right[at]!));
      const [y0, x0] = [Math.floor(fromY), Math.floor(fromX)];
      const [y1, x1] = [Math.min(height - 1, y0 + 1), Math.min(width - 1, x0 + 1)];
      const [ty, tx] = [fromY - y0, fromX - x0];
      for (let c = 0; c < channels; c++) {
        const upper =
          (1 - tx) * source[(y0 * width + x0) * channels + c]! + tx * source[(y0 * width + x1) * channels + c]!;
        const lower =
          (1 - tx) * source[(y1 * width + x0) * channels + c]! + tx * source[(y1 * width + x1) * channels + c]!;
        image[at * channels + c] = (1 - ty) * upper + ty * lower;
      }
    }
  }
}

/** Corner control points lie on the image's corners. */
function flowOf({ grid, strength, patternSeed }: Warped, height: number, width: number): Flow {
  const random = randomStream(patternSeed, 'warp');
  const points = Float64Array.from({ length: 2 * grid * grid }, () => 2 * random.unit() - 1);
  const mean = points.reduce((sum, v) => sum + Math.abs(v), 0) / points.length;
  const rows = weightsAlong(height, grid);
  const columns = weightsAlong(width, grid);
  const enlarged = (axis: 0 | 1): Float64Array =>
    Float64Array.from({ length: height * width }, (_, at) => {
      let value = 0;
      for (const [row, inRow] of rows[Math.floor(at / width)]!)
        for (const [column, inColumn] of columns[at % width]!)
          value += inRow * inColumn * points[2 * (row * grid + column) + axis]!;
      return (strength * value) / mean;
    });
  return { down: enlarged(0), right: enlarged(1) };
}

/** For each of `length` pixels the control points that its offset is made of, with their weights, which add up to 1. */
function weightsAlong(length: number, grid: number): [point: number, weight: number][][] {
  return Array.from({ length }, (_, pixel) => {
    const place = length === 1 ? 0 : (pixel * (grid - 1)) / (length - 1);
    const first = Math.floor(place);
    return [-1, 0, 1, 2].map((offset) => [
      Math.min(grid - 1, Math.max(0, first + offset)),
      cubic(place - first - offset),
    ]);
  });
}

/** Cubic convolution kernel at a distance in control points. */
function cubic(distance: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return (CUBIC + 2) * d ** 3 - (CUBIC + 3) * d ** 2 + 1;
  return d < 2 ? CUBIC * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0;
}
