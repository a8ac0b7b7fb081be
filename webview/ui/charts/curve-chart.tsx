import { gridY, line, ruleX, ruleY, type PlotOptions } from '@observablehq/plot';
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo } from 'preact/hooks';
import { formatShare } from '../format';
import { valueAt, widestGap } from './curve-data';
import { Figure, triggeredNote, type ChartFrame, type ChartTable } from './figure';
import { fit, label, setAttributes, svgElement, textWidth } from './svg';
import { pointerX, usePlot, type Drawing } from './use-plot';
import { capital, count, percent, plural } from '../../../server/protocol/words';

export interface CurvePoints {
  /** Ascending numbers of pruned units. */
  pruned: Int32Array;
  /** Clean accuracy at each, a share in [0, 1]. */
  clean: Float64Array;
  /** Attack success rate at each, a share in [0, 1]; null without a trigger. */
  attack: Float64Array | null;
}

export interface CurveChartProps extends ChartFrame {
  points: CurvePoints;
  /** Units of the layer. */
  units: number;
  /** Number of pruned units that is looked at; changing it moves a marker and draws nothing anew. */
  chosen: number;
  /** What that number is called beside its mark; default `chosen`. */
  chosenName?: string;
  /**
   * Figures of what is looked at where it is not on the curve: other units than the first ones in the rule's order, such as named ones. Null
   * while they are not known; undefined: the curve has them.
   */
  offCurve?: { clean: number; attack: number | null } | null | undefined;
  /** A number that was chosen on held-out images; null: unknown, or none. */
  limit: number | null;
  /** What that number is: the largest within the accuracy-drop limit, or the fewest that bring the ASR within its gate. Default `accuracy`. */
  limitKind?: 'accuracy' | 'gate';
  /** Number at the reference ratio of 20 %. */
  reference: number | null;
  /** Lowest clean accuracy that the gate allows, a share. */
  accuracyFloor: number | null;
  /** Highest attack success rate that the gate allows, a share. */
  asrGate: number | null;
  /** `neuron` or `channel`. */
  unitWord: string;
  /** In CSS pixels. */
  width: number;
  /** A number was clicked on the curve, or dragged to. */
  onChoose?(count: number): void;
}

const HEIGHT = 270;
const MARGIN = { marginTop: 62, marginRight: 16, marginBottom: 34, marginLeft: 46 };
const ATTACK_DASH = '7 4';

/** Clean accuracy and attack success rate for every number of pruned units, with the marks that a choice goes by. */
export function CurveChart(props: CurveChartProps): JSX.Element {
  const {
    points,
    units,
    chosen,
    chosenName,
    offCurve,
    limit,
    limitKind,
    reference,
    accuracyFloor,
    asrGate,
    unitWord,
    width,
    estimated,
    onChoose,
  } = props;
  const title = props.title ?? 'Pruning curve';
  const description = describe(props);
  const inputs = [points, units, limit, limitKind, reference, accuracyFloor, asrGate, unitWord, width, estimated];
  const { place, drawing } = usePlot(title, description, () => (width > 120 ? options(props) : null), inputs);
  useLayoutEffect(() => {
    if (drawing.current) moveMarker(drawing.current, props);
  }, [title, description, chosen, chosenName, offCurve === null, offCurve?.clean, offCurve?.attack, ...inputs]);
  const table = useMemo(() => tableOf(points, unitWord, estimated), [points, unitWord, estimated]);

  const choose = (event: PointerEvent): void => {
    if (!drawing.current || !onChoose) return;
    onChoose(Math.max(0, Math.min(units, Math.round(drawing.current.valueAt(pointerX(drawing.current, event))))));
  };
  return (
    <Figure
      title={title}
      description={description}
      table={table}
      exportName={props.exportName ?? 'pruning-curve'}
      onExport={props.onExport}
    >
      <div
        class={onChoose ? 'fp-chart fp-chart-choose' : 'fp-chart'}
        ref={place}
        onPointerDown={(event) => {
          if (event.button !== 0 || !onChoose) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          choose(event);
        }}
        onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && choose(event)}
      />
    </Figure>
  );
}

function options(props: CurveChartProps): PlotOptions {
  const { points, units, limit, reference, accuracyFloor, asrGate, unitWord, width } = props;
  const { pruned, clean, attack } = points;
  const gate = { stroke: 'var(--fp-muted)', strokeDasharray: '1 3', strokeWidth: 1.2 };
  const upright = { stroke: 'currentColor', strokeOpacity: 0.55, strokeWidth: 1 };
  return {
    ...MARGIN,
    width,
    height: HEIGHT,
    x: {
      domain: [0, Math.max(1, units)],
      label: `pruned ${unitWord}s of ${count(units)}`,
      labelArrow: 'none',
      labelAnchor: 'center',
      ticks: Math.min(units, width / 70),
      tickFormat: (n: number) => (Number.isInteger(n) ? count(n) : ''),
    },
    y: { domain: [0, 1], label: 'share of images', labelArrow: 'none', ticks: 5, tickFormat: formatShare },
    marks: [
      gridY({ ticks: 5 }),
      accuracyFloor === null ? null : ruleY([accuracyFloor], gate),
      asrGate === null ? null : ruleY([asrGate], gate),
      reference === null ? null : ruleX([reference], { ...upright, strokeDasharray: '2 2' }),
      limit === null ? null : ruleX([limit], { ...upright, strokeWidth: 1.5 }),
      line(pruned, { x: pruned, y: clean, stroke: 'var(--fp-clean)', strokeWidth: 2 }),
      attack &&
        line(pruned, {
          x: pruned,
          y: attack,
          stroke: 'var(--fp-triggered)',
          strokeWidth: 2,
          strokeDasharray: ATTACK_DASH,
        }),
      (_index, { x, y }) =>
        x && y
          ? labels(
              props,
              (n) => Number(x(n)),
              (share) => Number(y(share)),
            )
          : null,
    ],
  };
}

const LIMITS = { accuracy: 'within the accuracy limit', gate: 'fewest within the ASR’s gate' };

function labels(
  {
    points: { pruned, clean, attack },
    width,
    limit,
    limitKind = 'accuracy',
    reference,
    accuracyFloor,
    asrGate,
    estimated,
  }: CurveChartProps,
  x: (n: number) => number,
  y: (share: number) => number,
): SVGGElement {
  const right = width - MARGIN.marginRight;
  const group = svgElement('g', { 'text-anchor': 'start' });
  const leftOf = (text: string, at: number): number => fit(at, textWidth(text), MARGIN.marginLeft + 4, right);
  const put = (text: string, at: number, top: number): void =>
    group.append(label(text, { x: leftOf(text, at), y: top }));
  // Each line is named beside it; the dash tells them apart without colour.
  const i = widestGap({ pruned, clean, attack });
  const at = x(pruned[i] ?? 0);
  const cleanAbove = !attack || (clean[i] ?? 0) >= (attack[i] ?? 0);
  const beside = (share: number, above: boolean): number =>
    above || y(share) + 18 > HEIGHT - MARGIN.marginBottom ? y(share) - 7 : y(share) + 15;
  put('clean accuracy', at, beside(clean[i] ?? 0, cleanAbove));
  const attackName = estimated ? 'ASR on the estimated trigger, dashed' : 'attack success rate (ASR), dashed';
  const attackTop = beside(attack?.[i] ?? 0, !cleanAbove);
  if (attack) put(attackName, at, attackTop);
  // Marks of numbers: a row each above the frame, so that they never cover one another.
  if (limit !== null) put(`${LIMITS[limitKind]}: ${count(limit)}`, x(limit), 38);
  if (reference !== null) put(`20 %: ${count(reference)}`, x(reference), 26);
  if (accuracyFloor !== null)
    group.append(
      label(`least accuracy ${percent(accuracyFloor)}`, {
        x: right - 2,
        y: y(accuracyFloor) + 11,
        'text-anchor': 'end',
        'font-size': 10,
      }),
    );
  if (asrGate !== null) {
    const gate = `most ASR ${percent(asrGate)}`;
    const top = y(asrGate) - 3;
    // At the other end where it would stand on the name of the line.
    const covered =
      attack !== null &&
      Math.abs(top - attackTop) < 12 &&
      leftOf(attackName, at) < MARGIN.marginLeft + 8 + textWidth(gate);
    group.append(
      label(gate, {
        ...(covered ? { x: right - 2, 'text-anchor': 'end' } : { x: MARGIN.marginLeft + 4 }),
        y: top,
        'font-size': 10,
      }),
    );
  }
  return group;
}

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

/** Attributes of a few elements, and nothing that was drawn. */
function moveMarker(
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
  setAttributes(marker.text, { x: fit(x, textWidth(text), 2, width - 4) });
  marker.text.textContent = text;
}

function describe({
  points: { pruned, clean, attack },
  units,
  limit,
  limitKind,
  unitWord,
  estimated,
}: CurveChartProps): string {
  const at = (n: number): string =>
    `clean accuracy is ${percent(valueAt(pruned, clean, n))}${attack ? ` and the attack success rate${triggeredNote(estimated)} ${percent(valueAt(pruned, attack, n))}` : ''}`;
  const parts = [`With no ${unitWord} pruned, ${at(0)}`];
  if (limit !== null && limit > 0)
    parts.push(
      `with ${plural(limit, unitWord)} pruned, ${limitKind === 'gate' ? 'the fewest that bring the attack success rate within its gate on held-out images' : 'the most within the accuracy limit'}, ${at(limit)}`,
    );
  parts.push(`with all ${count(units)}, ${at(units)}`);
  return `${parts.join('; ')}.`;
}

function tableOf({ pruned, clean, attack }: CurvePoints, unitWord: string, estimated: boolean | undefined): ChartTable {
  const columns = [pruned, clean, ...(attack ? [attack] : [])];
  return {
    columns: [
      `${capital(unitWord)}s pruned`,
      'Clean accuracy',
      ...(attack ? [`Attack success rate${triggeredNote(estimated)}`] : []),
    ].map((name) => ({ label: name, align: 'right' })),
    rows: pruned.length,
    cell: (row, column) => columns[column]?.[row] ?? null,
  };
}
