import { gridY, line, ruleX, ruleY, type PlotOptions } from '@observablehq/plot';
import { formatShare } from '../format';
import type { CurveChartProps } from './curve-chart';
import { widestGap } from './curve-data';
import { fit, label, svgElement, textWidth } from './svg';
import { count, percent } from '../../../server/protocol/words';

/** In CSS pixels. */
export const HEIGHT = 270;
export const MARGIN = { marginTop: 62, marginRight: 16, marginBottom: 34, marginLeft: 46 };
const ATTACK_DASH = '7 4';
/** Name of the axis, above it: what is written in the same row begins to the right of it. */
const Y_LABEL = 'share of images';
export const MARKER_LEFT = textWidth(Y_LABEL) + 8;

/** Lines, limits and their names: all that stays when another number is looked at. */
export function curvePlot(props: CurveChartProps): PlotOptions {
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
    y: { domain: [0, 1], label: Y_LABEL, labelArrow: 'none', ticks: 5, tickFormat: formatShare },
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
      label(`min. accuracy ${percent(accuracyFloor)}`, {
        x: right - 2,
        y: y(accuracyFloor) + 11,
        'text-anchor': 'end',
        'font-size': 10,
      }),
    );
  if (asrGate !== null) {
    const gate = `max. ASR ${percent(asrGate)}`;
    const top = y(asrGate) - 3;
    // At the other end where it would cover the name of the line.
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
