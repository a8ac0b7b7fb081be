import { plot, type PlotOptions } from '@observablehq/plot';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Class of every chart's SVG. Fixed, because the text of the style element that Plot writes contains it: see ../csp.ts. */
export const PLOT_CLASS = 'fp-plot';

/** A chart as it is in the page. */
export interface Drawing {
  svg: SVGSVGElement;
  /** Values → pixels. */
  x(value: number): number;
  y(value: number): number;
  /** Pixels → value. */
  valueAt(x: number): number;
}

interface NumberScale {
  apply(value: number): number;
  invert(pixel: number): number;
}
type Drawn = SVGSVGElement & { scale(name: 'x' | 'y'): NumberScale | undefined };

/**
 * Draws with Plot into the element that holds `place`, again whenever one of `inputs` changes and not otherwise. An effect
 * declared after it sees the new drawing in `drawing.current`.
 * @param build null while there is no room to draw
 */
export function usePlot(
  title: string,
  description: string,
  build: () => PlotOptions | null,
  inputs: readonly unknown[],
): { place: RefObject<HTMLDivElement | null>; drawing: RefObject<Drawing | null> } {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  useLayoutEffect(() => {
    const options = build();
    if (!options) {
      drawing.current = null;
      place.current?.replaceChildren();
      return;
    }
    const svg = plot({
      ...options,
      className: PLOT_CLASS,
      figure: false,
      ariaLabel: title,
      ariaDescription: description,
    }) as Drawn;
    svg.setAttribute('role', 'img');
    // One picture with one name: those that Plot gives to its parts are of no use on elements without a role.
    svg.querySelectorAll('g[aria-label]').forEach((group) => group.removeAttribute('aria-label'));
    const x = svg.scale('x');
    const y = svg.scale('y');
    if (!x || !y) throw new Error(`${title}: a chart needs an x and a y scale`);
    drawing.current = {
      svg,
      x: (value) => x.apply(value),
      y: (value) => y.apply(value),
      valueAt: (pixel) => x.invert(pixel),
    };
    place.current?.replaceChildren(svg);
  }, [title, description, ...inputs]);
  return { place, drawing };
}

/** The x of a pointer in the drawing's own pixels: the page may show it smaller than it was drawn. */
export function pointerX(drawing: Drawing, event: MouseEvent): number {
  const box = drawing.svg.getBoundingClientRect();
  return ((event.clientX - box.left) * drawing.svg.viewBox.baseVal.width) / (box.width || 1);
}
