import { formatNumber } from '../format';
import { triggeredName } from './figure';
import type { LayerChartProps } from './layer-chart';
import { fit, label, setAttributes, svgElement, textWidth } from './svg';
import type { Drawing } from './use-plot';

/** What is marked above the activations: a lane each, so that no mark is recognised by its colour alone. */

export const LANE = 11;
export const TOP = 22;

export interface Lane {
  id: 'chosen' | 'selected' | 'pruned' | 'dead';
  name: string;
  colour: string;
}

/** Pruned and dead units have a lane where there are any; the lanes of what the person chooses are there wherever one can choose. */
export function lanesOf({
  pruned,
  dead,
  choosable = true,
}: Pick<LayerChartProps, 'pruned' | 'dead' | 'choosable'>): Lane[] {
  const choices: Lane[] = [
    { id: 'chosen', name: 'to prune', colour: 'var(--fp-pruned)' },
    { id: 'selected', name: 'selected', colour: 'var(--fp-accent)' },
  ];
  return [
    ...(choosable ? choices : []),
    ...(pruned.includes(1) ? [{ id: 'pruned', name: 'pruned', colour: 'currentColor' } as const] : []),
    ...(dead?.includes(1) ? [{ id: 'dead', name: 'dead', colour: 'var(--fp-muted)' } as const] : []),
  ];
}

/** Runs of marked positions as one path of boxes, each at least a pixel wide. */
export function runsPath(
  length: number,
  marked: (position: number) => boolean,
  x: (position: number) => number,
  top: number,
  bottom: number,
): string {
  let path = '';
  for (let from = 0; from < length; from++) {
    if (!marked(from)) continue;
    let to = from + 1;
    while (to < length && marked(to)) to++;
    const left = x(from);
    path += `M${left.toFixed(1)},${top}H${Math.max(x(to), left + 1).toFixed(1)}V${bottom}H${left.toFixed(1)}Z`;
    from = to;
  }
  return path;
}

/** The marks of one drawing; each method changes attributes of its own elements alone. */
export class LayerMarks {
  private readonly paths = new Map<string, SVGPathElement>();
  private readonly band = svgElement('path', { fill: 'var(--fp-pruned)', 'fill-opacity': 0.18 });
  private readonly rule = svgElement('path', { stroke: 'currentColor', 'stroke-width': 1.5, fill: 'none' });
  private readonly text = label('', { y: 12, 'font-weight': 'bold', 'text-anchor': 'start' });
  private readonly lanes: Lane[];

  constructor(
    private readonly drawing: Drawing,
    private readonly props: LayerChartProps,
    private readonly bottom: number,
    left: number,
  ) {
    this.lanes = lanesOf(props);
    const group = svgElement('g', { class: 'fp-marker' });
    group.append(this.band);
    this.lanes.forEach(({ id, name, colour }, i) => {
      const path = svgElement('path', { fill: colour, 'data-lane': id });
      this.paths.set(id, path);
      group.append(
        label(name, { x: left - 5, y: TOP + i * LANE + LANE - 2, 'text-anchor': 'end', 'font-size': 10 }),
        path,
      );
    });
    group.append(this.rule, this.text);
    drawing.svg.append(group);
    this.mark('pruned', (unit) => props.pruned[unit] === 1);
    this.mark('dead', (unit) => props.dead?.[unit] === 1);
  }

  /** Marks units in a lane, by index. */
  mark(lane: Lane['id'], marked: (unit: number) => boolean): void {
    const i = this.lanes.findIndex(({ id }) => id === lane);
    if (i < 0) return;
    const top = TOP + i * LANE;
    this.paths.get(lane)?.setAttribute('d', this.runs(marked, top + 2, top + LANE - 2));
    if (lane === 'chosen') this.band.setAttribute('d', this.runs(marked, top + LANE - 2, this.bottom));
  }

  private runs(marked: (unit: number) => boolean, top: number, bottom: number): string {
    const { order } = this.props;
    return runsPath(
      order.length,
      (position) => marked(order[position] ?? 0),
      (position) => this.drawing.x(position),
      top,
      bottom,
    );
  }

  /** The unit that is looked at, and the figures of it or of the one under the pointer. */
  point(position: number | null, hovered: number | null): void {
    const { order, clean, triggered, width, unitWord = 'unit', estimated } = this.props;
    setAttributes(
      this.rule,
      position === null
        ? { display: 'none' }
        : { display: null, d: `M${this.drawing.x(position + 0.5).toFixed(1)},${TOP - 6}V${this.bottom}` },
    );
    const told = hovered ?? position;
    const unit = told === null ? undefined : order[told];
    if (told === null || unit === undefined) {
      this.text.textContent = '';
      return;
    }
    const text = `${unitWord} ${unit}: clean ${formatNumber(clean[unit] ?? 0)}${triggered ? `, ${triggeredName(estimated)} ${formatNumber(triggered[unit] ?? 0)}` : ''}`;
    this.text.textContent = text;
    setAttributes(this.text, { x: fit(this.drawing.x(told + 0.5), textWidth(text) * 1.1, 2, width - 2) });
  }
}
