import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useTheme } from './use-theme';

export interface MaskImageProps {
  /** One byte a pixel, row-major: how much of the pixel is replaced, 255 for all of it. */
  mask: Uint8Array;
  height: number;
  width: number;
  /** Width on the page in CSS pixels; pixels stay square. */
  size: number;
  /** What the picture shows, for people who don't see it. */
  label: string;
}

/** A mask in the colour of the text around it, the more of it the stronger; what is left alone shows the page. */
export function MaskImage({ mask, height, width, size, label }: MaskImageProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    const colour = canvas.current && colourOf(getComputedStyle(canvas.current).color);
    if (!context || !colour || mask.length !== height * width || mask.length === 0) return;
    const rgba = new Uint8ClampedArray(mask.length * 4);
    mask.forEach((share, i) => rgba.set([...colour, share], i * 4));
    context.putImageData(new ImageData(rgba, width, height), 0, 0);
  }, [mask, height, width, theme]);
  return (
    <canvas
      class="fp-pixels fp-mask"
      role="img"
      aria-label={label}
      ref={canvas}
      width={width}
      height={height}
      style={{ width: `${size}px`, height: `${(size * height) / Math.max(1, width)}px` }}
    />
  );
}

/** Red, green and blue of a computed colour, which is always written as `rgb(…)` or `color(srgb …)`. */
export function colourOf(computed: string): [number, number, number] | null {
  const numbers = computed.match(/[\d.]+/g)?.map(Number) ?? [];
  const [r, g, b] = numbers;
  if (r === undefined || g === undefined || b === undefined) return null;
  return computed.startsWith('rgb') ? [r, g, b] : [255 * r, 255 * g, 255 * b];
}
