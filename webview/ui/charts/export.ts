import type { ChartTable } from './figure';
import { svgElement } from './svg';

/** What a chart is saved as: files that stand alone, with the colours that the page shows. */

/** Whole table as CSV (RFC 4180): CRLF, a header line, quotes where a cell needs them. */
export function toCsv({ columns, rows, cell }: ChartTable): Uint8Array {
  const quoted = (value: string | number | null): string => {
    // Nine digits tell any two 32-bit numbers apart.
    const plain =
      typeof value === 'number' && !Number.isInteger(value) && Math.fround(value) === value
        ? Number(value.toPrecision(9))
        : value;
    const text = plain === null ? '' : String(plain);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ label }) => quoted(label)).join(',')];
  for (let row = 0; row < rows; row++) lines.push(columns.map((_, column) => quoted(cell(row, column))).join(','));
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n`);
}

/** Properties that decide how an element looks, by their presentation attribute, with the value that needs no attribute. */
const INHERITED: Record<string, string> = {
  fill: 'rgb(0, 0, 0)',
  'fill-opacity': '1',
  stroke: 'none',
  'stroke-opacity': '1',
  'stroke-width': '1px',
  'stroke-dasharray': 'none',
  'stroke-linejoin': 'miter',
  'paint-order': 'normal',
  'font-family': '',
  'font-size': '',
  'font-weight': '400',
  'text-anchor': 'start',
};
const COLOURS = ['fill', 'stroke'] as const;

/** The chart as a document of its own: variables and style sheets resolved, on the background that it stands on. */
export function toSvg(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  inline(svg, copy, INHERITED);
  copy.querySelectorAll('style').forEach((style) => style.remove());
  const { width, height } = svg.viewBox.baseVal;
  const background = split(getComputedStyle(svg).backgroundColor);
  if (background.opacity > 0) copy.prepend(svgElement('rect', { width, height, fill: background.colour }));
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/** How an element looks: each inherited property, with a colour's alpha as part of its opacity. */
function looks(style: CSSStyleDeclaration): Record<string, string> {
  const here = Object.fromEntries(
    Object.keys(INHERITED).map((property) => [property, style.getPropertyValue(property)]),
  );
  for (const property of COLOURS) {
    const { colour, opacity } = split(here[property] ?? '');
    here[property] = colour;
    here[`${property}-opacity`] = String(opacity * Number(here[`${property}-opacity`] ?? 1));
  }
  return here;
}

/** Writes what differs from the parent's looks into attributes, for the whole tree. */
function inline(from: Element, to: Element, above: Record<string, string>): void {
  const style = getComputedStyle(from);
  const here = looks(style);
  for (const [property, value] of Object.entries(here)) {
    if (value === above[property]) to.removeAttribute(property);
    else to.setAttribute(property, value);
  }
  if (style.opacity !== '1') to.setAttribute('opacity', style.opacity);
  if (style.display === 'none') to.setAttribute('display', 'none');
  to.removeAttribute('class');
  to.removeAttribute('style');
  for (let i = 0; i < from.children.length; i++) {
    const [child, twin] = [from.children[i], to.children[i]];
    if (child && twin) inline(child, twin, here);
  }
}

/** A computed colour as one that every reader of SVG knows, and its opacity. */
function split(value: string): { colour: string; opacity: number } {
  const rgb = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(value);
  if (rgb) return { colour: `rgb(${rgb[1]}, ${rgb[2]}, ${rgb[3]})`, opacity: Number(rgb[4] ?? 1) };
  const srgb = /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/.exec(value);
  if (!srgb) return { colour: value, opacity: 1 };
  const [red, green, blue] = srgb.slice(1, 4).map((part) => Math.round(Number(part) * 255));
  return { colour: `rgb(${red}, ${green}, ${blue})`, opacity: Number(srgb[4] ?? 1) };
}

/** The chart as a picture of `scale` pixels per CSS pixel. */
export async function toPng(svg: SVGSVGElement, scale = 2): Promise<Uint8Array> {
  const { width, height } = svg.viewBox.baseVal;
  const url = URL.createObjectURL(new Blob([toSvg(svg)], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('This page cannot draw images.');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (!blob) throw new Error(`An image of ${canvas.width} × ${canvas.height} pixels could not be created.`);
    return new Uint8Array(await blob.arrayBuffer());
  } finally {
    URL.revokeObjectURL(url);
  }
}
