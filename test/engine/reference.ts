/**
 * The definitions of convolution and pooling, as plain loops in float64: slow, and too plain to share a fault with the
 * kernels that are tested against them. Tensors are flat arrays, NHWC; filters are HWIO.
 */

export type Shape4 = [number, number, number, number];

/** Output length and padding before the first cell along one axis, by the definitions of TensorFlow. */
export function axisGeometry(
  length: number,
  window: number,
  stride: number,
  pad: 'valid' | 'same' | [number, number],
): { out: number; before: number } {
  if (pad === 'valid') return { out: Math.ceil((length - window + 1) / stride), before: 0 };
  if (pad === 'same') {
    const out = Math.ceil(length / stride);
    return { out, before: Math.floor(Math.max(0, (out - 1) * stride + window - length) / 2) };
  }
  return { out: Math.floor((length + pad[0] + pad[1] - window) / stride) + 1, before: pad[0] };
}

export interface Geometry {
  input: Shape4;
  window: [number, number];
  stride: [number, number];
  pad: 'valid' | 'same' | [[number, number], [number, number]];
}

/** Output height and width of a geometry. */
export function outputSize({ input, window, stride, pad }: Geometry): [number, number] {
  const axis = (i: 0 | 1): number =>
    axisGeometry(input[i + 1]!, window[i], stride[i], typeof pad === 'string' ? pad : pad[i]).out;
  return [axis(0), axis(1)];
}

/** Calls `visit` with the pixel numbers (without channels) of each pair of output pixel and input pixel, and the tap. */
export function forEachPair(geometry: Geometry, visit: (outPixel: number, inPixel: number, tap: number) => void): void {
  const {
    input: [batch, height, width],
    window,
    stride,
    pad,
  } = geometry;
  const rows = axisGeometry(height, window[0], stride[0], typeof pad === 'string' ? pad : pad[0]);
  const columns = axisGeometry(width, window[1], stride[1], typeof pad === 'string' ? pad : pad[1]);
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < rows.out; oy++) {
      for (let ox = 0; ox < columns.out; ox++) {
        for (let i = 0; i < window[0]; i++) {
          for (let j = 0; j < window[1]; j++) {
            const y = oy * stride[0] + i - rows.before;
            const x = ox * stride[1] + j - columns.before;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            visit((n * rows.out + oy) * columns.out + ox, (n * height + y) * width + x, i * window[1] + j);
          }
        }
      }
    }
  }
}

/** Output of a convolution, and the gradients of Σ output·dy with respect to input and filter. */
export function convolution(
  geometry: Geometry,
  channelsOut: number,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  dy: ArrayLike<number>,
) {
  const channelsIn = geometry.input[3];
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  forEachPair(geometry, (outPixel, inPixel, tap) => {
    for (let c = 0; c < channelsIn; c++) {
      for (let o = 0; o < channelsOut; o++) {
        const out = outPixel * channelsOut + o;
        const into = inPixel * channelsIn + c;
        const weight = (tap * channelsIn + c) * channelsOut + o;
        y[out]! += x[into]! * w[weight]!;
        dx[into]! += w[weight]! * dy[out]!;
        dw[weight]! += x[into]! * dy[out]!;
      }
    }
  });
  return { y, dx, dw };
}

/** The same for a depthwise convolution with a filter [height, width, channels, multiplier]. */
export function depthwise(
  geometry: Geometry,
  multiplier: number,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  dy: ArrayLike<number>,
) {
  const channels = geometry.input[3];
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  forEachPair(geometry, (outPixel, inPixel, tap) => {
    for (let c = 0; c < channels; c++) {
      for (let m = 0; m < multiplier; m++) {
        const out = (outPixel * channels + c) * multiplier + m;
        const weight = (tap * channels + c) * multiplier + m;
        y[out]! += x[inPixel * channels + c]! * w[weight]!;
        dx[inPixel * channels + c]! += w[weight]! * dy[out]!;
        dw[weight]! += x[inPixel * channels + c]! * dy[out]!;
      }
    }
  });
  return { y, dx, dw };
}

/** Output of a max pooling, and the gradient of Σ output·dy: the first of the largest in each window gets it. */
export function maxPooling(geometry: Geometry, x: ArrayLike<number>, dy: ArrayLike<number>) {
  const channels = geometry.input[3];
  const winner = new Map<number, number>();
  forEachPair(geometry, (outPixel, inPixel) => {
    for (let c = 0; c < channels; c++) {
      const out = outPixel * channels + c;
      const candidate = inPixel * channels + c;
      const best = winner.get(out);
      if (best === undefined || x[candidate]! > x[best]!) winner.set(out, candidate);
    }
  });
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  for (const [out, place] of winner) {
    y[out] = x[place]!;
    dx[place]! += dy[out]!;
  }
  return { y, dx };
}

/** Output of an average pooling, over the cells inside the image, and the gradient of Σ output·dy. */
export function averagePooling(geometry: Geometry, x: ArrayLike<number>, dy: ArrayLike<number>) {
  const channels = geometry.input[3];
  const counts = new Map<number, number>();
  forEachPair(geometry, (outPixel) => counts.set(outPixel, (counts.get(outPixel) ?? 0) + 1));
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  forEachPair(geometry, (outPixel, inPixel) => {
    for (let c = 0; c < channels; c++) {
      const out = outPixel * channels + c;
      const count = counts.get(outPixel)!;
      y[out]! += x[inPixel * channels + c]! / count;
      dx[inPixel * channels + c]! += dy[out]! / count;
    }
  });
  return { y, dx };
}

/** Fails unless the arrays agree within a share of the largest expected value. */
export function assertClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  if (found.length !== expected.length) throw new Error(`${what}: ${found.length} values, ${expected.length} expected`);
  let scale = 0;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(found[i]! - expected[i]!) <= tolerance * scale))
      throw new Error(`${what}: ${found[i]} at ${i}, ${expected[i]} expected (largest ${scale})`);
  }
}

/** Seeded numbers, about normal, mean 0, deviation 1. */
export function noise(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Float32Array.from({ length }, () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3));
}
