import type { JSX } from 'preact';
import { useLayoutEffect, useMemo } from 'preact/hooks';
import { valueAt } from './curve-data';
import { curvePlot } from './curve-drawing';
import { moveMarker } from './curve-marker';
import { Figure, triggeredNote, type ChartFrame, type ChartTable } from './figure';
import { pointerX, usePlot } from './use-plot';
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
  /** Number of pruned units that is looked at; changing it moves a marker and redraws nothing. */
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
  const { place, drawing } = usePlot(title, description, () => (width > 120 ? curvePlot(props) : null), inputs);
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
