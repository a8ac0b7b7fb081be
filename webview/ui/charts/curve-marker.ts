import type { CurveChartProps } from './curve-chart';
import { valueAt } from './curve-data';
import { HEIGHT, MARGIN, MARKER_LEFT } from './curve-drawing';
import { fit, label, setAttributes, svgElement, textWidth } from './svg';
import type { Drawing } from './use-plot';
import { count } from '../../../server/protocol/words';

interface Marker {
  group: SVGGElement;
  rule: SVGPathElement;
  clean: SVGCircleElement;
  attack: SVGRectElement;
  text: SVGTextElement;
}
const markers = new WeakMap<SVGSVGElement, Marker>();

/** A rule, a point for each figure (round and square; on the lines, unless other units are looked at) and the number, made once a drawing. */
function markerOf(svg: SVGSVGElement): Marker {
  const known = markers.get(svg);
  if (known) return known;
  const marker: Marker = {
    group: svgElement('g', { class: 'fp-marker', 'text-anchor': 'start' }),
    rule: svgElement('path', {
      stroke: 'currentColor',
      'stroke-width': 1.5,
      fill: 'none',
      d: `M0,${MARGIN.marginTop - 46}V${HEIGHT - MARGIN.marginBottom}`,
    }),
    clean: svgElement('circle', { r: 4.5, fill: 'var(--fp-clean)', stroke: 'currentColor', 'stroke-width': 1.5 }),
    attack: svgElement('rect', {
      x: -4,
      y: -4,
      width: 8,
      height: 8,
      fill: 'var(--fp-triggered)',
      stroke: 'currentColor',
      'stroke-width': 1.5,
    }),
    text: label('', { y: 12, 'font-weight': 'bold' }),
  };
  marker.group.append(marker.rule, marker.clean, marker.attack, marker.text);
  svg.append(marker.group);
  markers.set(svg, marker);
  return marker;
}

/** Moves the mark of the number that is looked at: attributes of a few elements, and nothing that was drawn. */
export function moveMarker(
  drawing: Drawing,
  { points: { pruned, clean, attack }, chosen, chosenName = 'chosen', offCurve, width }: CurveChartProps,
): void {
  const marker = markerOf(drawing.svg);
  const x = drawing.x(chosen);
  const text = `${chosenName}: ${count(chosen)}`;
  const onClean = offCurve === undefined ? valueAt(pruned, clean, chosen) : (offCurve?.clean ?? null);
  const onAttack = offCurve === undefined ? attack && valueAt(pruned, attack, chosen) : (offCurve?.attack ?? null);
  const at = (share: number | null): Record<string, string | null> =>
    share === null ? { display: 'none' } : { transform: `translate(${x},${drawing.y(share)})`, display: null };
  setAttributes(marker.rule, { transform: `translate(${x},0)` });
  setAttributes(marker.clean, at(onClean));
  setAttributes(marker.attack, at(onAttack));
  setAttributes(marker.text, { x: fit(x, textWidth(text), MARKER_LEFT, width - 4) });
  marker.text.textContent = text;
}
