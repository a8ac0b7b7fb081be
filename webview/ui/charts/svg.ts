/** Small pieces of SVG that the charts add to what the plotting library draws. */

const SVG = 'http://www.w3.org/2000/svg';

export type Attributes = Readonly<Record<string, string | number | null | undefined>>;

/** Sets attributes; null takes one away, undefined leaves it. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else if (value !== undefined) element.setAttribute(name, String(value));
  }
}

export function svgElement<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** A text that stays readable on lines: with a rim in the background's colour. */
export function label(text: string, attributes: Attributes): SVGTextElement {
  return svgElement('text', { class: 'fp-label', fill: 'currentColor', ...attributes }, text);
}

/** How wide a text is, about: enough to keep it inside the frame. */
export const textWidth = (text: string): number => text.length * 6.2;

/** Where a text of this width begins so that it stays between two positions, centred on `at` where it can be. */
export function fit(at: number, width: number, left: number, right: number): number {
  return Math.max(left, Math.min(at - width / 2, right - width));
}

/** One bar a value as a single path, from the base line to each value. All in pixels. */
export function barsPath(bars: Iterable<{ left: number; right: number; base: number; top: number }>): string {
  let path = '';
  for (const { left, right, base, top } of bars)
    path += `M${left.toFixed(1)},${base.toFixed(1)}V${top.toFixed(1)}H${right.toFixed(1)}V${base.toFixed(1)}Z`;
  return path;
}

/** What a legend names: how a series is drawn, and its name. */
export interface LegendEntry {
  name: string;
  /** `line`: stroke alone; `area`: filled; `outline`: a dashed frame. */
  kind: 'line' | 'area' | 'outline';
  colour: string;
  dash?: string;
}

/** How wide a legend of these is, about, in pixels. */
export const legendWidth = (entries: readonly LegendEntry[]): number =>
  entries.reduce((sum, { name }) => sum + 27 + textWidth(name) + 18, 0);

/** Samples and names in a row that ends at `right` where it fits, as part of the picture, so that a saved one has them. */
export function legend(entries: readonly LegendEntry[], right: number, y: number): SVGGElement {
  const start = Math.max(0, right - legendWidth(entries));
  const group = svgElement('g', { transform: `translate(${start},${y})`, 'text-anchor': 'start' });
  let left = 0;
  for (const { name, kind, colour, dash } of entries) {
    group.append(
      kind === 'line'
        ? svgElement('path', {
            d: `M${left},-4h22`,
            stroke: colour,
            'stroke-width': 2,
            'stroke-dasharray': dash,
            fill: 'none',
          })
        : svgElement('rect', {
            x: left + 4,
            y: -9,
            width: 14,
            height: 9,
            stroke: colour,
            'stroke-width': 1.5,
            'stroke-dasharray': dash,
            fill: kind === 'area' ? colour : 'none',
            'fill-opacity': 0.35,
          }),
      svgElement('text', { x: left + 27, fill: 'currentColor' }, name),
    );
    left += 27 + textWidth(name) + 18;
  }
  return group;
}
