import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface PixelImageProps {
  /** Bytes 0 to 255, height·width·channels, row-major. */
  pixels: Uint8Array;
  /** [height, width, channels]; one channel is grey, three are red, green, blue. */
  shape: readonly [number, number, number];
  /** Width on the page in CSS pixels; pixels stay square. */
  size: number;
  /** What the picture shows, for people who don't see it. */
  label: string;
}

/** An image pixel by pixel, without smoothing. Further channels than three are left out; bytes that don't fit the shape are not drawn. */
export function PixelImage({ pixels, shape: [height, width, channels], size, label }: PixelImageProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const rgba = toRgba(pixels, height, width, channels);
    if (rgba) canvas.current?.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  }, [pixels, height, width, channels]);
  return (
    <canvas
      class="fp-pixels"
      role="img"
      aria-label={label}
      ref={canvas}
      width={width}
      height={height}
      style={{ width: `${size}px`, height: `${(size * height) / Math.max(1, width)}px` }}
    />
  );
}

/** Four bytes a pixel; null when the bytes are not height·width·channels. */
export function toRgba(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: number,
): Uint8ClampedArray<ArrayBuffer> | null {
  if (pixels.length !== height * width * channels || pixels.length === 0) return null;
  const rgba = new Uint8ClampedArray(height * width * 4);
  for (let i = 0; i < height * width; i++) {
    const at = i * channels;
    const grey = pixels[at] ?? 0;
    rgba.set(channels < 3 ? [grey, grey, grey, 255] : [grey, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0, 255], i * 4);
  }
  return rgba;
}

export interface FilterImageProps {
  /** Weights, height·width·channels, row-major, of either sign. */
  values: Float32Array;
  height: number;
  width: number;
  channels: number;
  /** Width of one channel's picture on the page in CSS pixels; default 96. */
  size?: number;
  /** Default: says the size and the range. */
  label?: string;
}

/**
 * A kernel, one picture a channel: weights by two colours and their strength, zero as the background, a dash on negative ones.
 * Drawn as SVG, so that it follows the theme by itself.
 */
export function FilterImage({ values, height, width, channels, size = 96, label }: FilterImageProps): JSX.Element {
  const range = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const words = label ?? `Filter of ${height}×${width} weights`;
  const legend = `from −${range.toPrecision(3)} to ${range.toPrecision(3)}`;
  return (
    <span class="fp-filter" role="img" aria-label={`${words}, ${legend}`}>
      {Array.from({ length: channels }, (_, channel) => (
        <svg
          key={channel}
          aria-hidden="true"
          width={size}
          height={(size * height) / Math.max(1, width)}
          viewBox={`0 0 ${width} ${height}`}
        >
          {Array.from({ length: height * width }, (_, i) => (
            <Weight
              key={i}
              x={i % width}
              y={Math.floor(i / width)}
              share={range > 0 ? (values[i * channels + channel] ?? 0) / range : 0}
            />
          ))}
        </svg>
      ))}
      <span class="fp-filter-legend" aria-hidden="true">
        <Swatch share={-1} /> negative <Swatch share={1} /> positive, {legend}
      </span>
    </span>
  );
}

/** One weight as a square. `share` is what it is of the largest, from −1 to 1. */
function Weight({ x, y, share }: { x: number; y: number; share: number }): JSX.Element {
  return (
    <>
      <rect
        x={x}
        y={y}
        width={1}
        height={1}
        fill={share < 0 ? 'var(--fp-negative)' : 'var(--fp-positive)'}
        fill-opacity={Math.abs(share)}
      />
      {share < 0 ? <path d={`M${x + 0.3},${y + 0.5}h.4`} stroke="currentColor" stroke-width={0.08} /> : null}
    </>
  );
}

function Swatch({ share }: { share: number }): JSX.Element {
  return (
    <svg width={12} height={12} viewBox="0 0 1 1">
      <Weight x={0} y={0} share={share} />
    </svg>
  );
}
