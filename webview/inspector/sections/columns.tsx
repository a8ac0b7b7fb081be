import type { JSX } from 'preact';
import type { LayerData } from '../../../server/protocol/messages/inspect';
import type { GridColumn } from '../../ui/grid/virtual-grid';
import { aligned, shortShare } from '../words/words';
import { unitWord } from '../../../server/protocol/words';

/** Below these widths in CSS pixels a column gives way to those that matter more. */
const BARS_FROM = 476;
const FIRES_FROM = 562;

/** What the cells show, apart from what the slider and the selection change. */
export interface Cells {
  layer: LayerData;
  /** Units by row. */
  order: Int32Array;
  /** Place of each unit among those that go: what is chosen, and then the rest. */
  goes: Int32Array;
  /** In CSS pixels. */
  width: number;
  /** Whether the trigger was estimated from the model. */
  estimated: boolean;
}

/** The grid's columns. @param chosen number of units that would go @param selected 1 for a unit of the own mask */
export function columnsOf(
  { layer, order, goes, width, estimated }: Cells,
  chosen: number,
  selected: Uint8Array,
): GridColumn[] {
  const { cleanMean, triggeredMean, cleanFires, triggeredFires } = layer;
  const most = largest([cleanMean, ...(triggeredMean ? [triggeredMean] : [])]);
  const text = aligned(most);
  const at = (row: number): number => order[row]!;
  const bars = width >= BARS_FROM && most > 0;
  const mean = (id: string, label: string, hint: string, values: Float32Array): GridColumn => ({
    id,
    label,
    hint,
    width: bars ? 88 : 76,
    grows: true,
    align: 'right',
    sortable: true,
    render: (row) => (
      <Mean
        value={values[at(row)]!}
        text={text}
        bar={bars ? { kind: id, share: Math.max(0, values[at(row)]!) / most } : null}
      />
    ),
  });
  const word = unitWord(layer.layerKind);
  const columns: GridColumn[] = [
    {
      id: 'select',
      label: 'Mask',
      hint: 'Own mask: what you would prune',
      width: 52,
      align: 'left',
      sortable: false,
      render: (row) => <Box checked={selected[at(row)] === 1} />,
    },
    {
      id: 'index',
      label: word === 'neuron' ? 'Neuron' : 'Channel',
      width: word === 'neuron' ? 64 : 74,
      align: 'right',
      sortable: true,
      render: (row) => String(at(row)),
    },
    mean('clean', 'Clean', 'Mean activation on clean images', cleanMean),
  ];
  if (triggeredMean) {
    columns.push(
      mean(
        'triggered',
        'Triggered',
        estimated ? 'Mean activation on images with the estimated trigger' : 'Mean activation on triggered images',
        triggeredMean,
      ),
      {
        id: 'difference',
        label: 'Difference',
        hint: `Triggered mean${estimated ? ' (estimated trigger)' : ''} minus clean mean`,
        width: 94,
        align: 'right',
        sortable: true,
        render: (row) => signed(triggeredMean[at(row)]! - cleanMean[at(row)]!, text),
      },
    );
  }
  if (width >= FIRES_FROM) {
    const fires = (unit: number): string =>
      triggeredFires
        ? `${shortShare(cleanFires[unit]!)} → ${shortShare(triggeredFires[unit]!)}`
        : shortShare(cleanFires[unit]!);
    columns.push({
      id: 'fires',
      label: 'Fires, %',
      hint: `Share of ${triggeredFires ? 'clean → triggered' : 'clean'} images on which it is above zero`,
      width: triggeredFires ? 84 : 70,
      align: 'right',
      sortable: false,
      render: (row) => fires(at(row)),
    });
  }
  const marks: GridColumn = {
    id: 'order',
    label: 'Pruning',
    hint: 'Sorts by the order of the rule',
    width: 82,
    align: 'left',
    sortable: true,
    grows: width > 640,
    render: (row) => <Marks layer={layer} unit={at(row)} goes={goes[at(row)]! < chosen} />,
  };
  // Where not all columns are in sight, what the slider does is.
  columns.splice(width < BARS_FROM ? 2 : columns.length, 0, marks);
  return columns;
}

function Box({ checked }: { checked: boolean }): JSX.Element {
  return <span class={`box codicon${checked ? ' codicon-check checked' : ''}`} aria-hidden="true" />;
}

function Mean({
  value,
  text,
  bar,
}: {
  value: number;
  text: (value: number) => string;
  bar: { kind: string; share: number } | null;
}): JSX.Element {
  return (
    <span class="mean">
      {bar ? (
        <span class="track" aria-hidden="true">
          <span class={`bar-${bar.kind}`} style={{ width: `${bar.share * 100}%` }} />
        </span>
      ) : null}
      <span>{text(value)}</span>
    </span>
  );
}

/** What is special about a unit: an icon and a word, so that colour is never alone. */
function Marks({ layer, unit, goes }: { layer: LayerData; unit: number; goes: boolean }): JSX.Element {
  const would = goes && layer.state === 'before';
  const is = layer.pruned[unit] ? 'pruned' : layer.dead[unit] ? 'dead' : null;
  return (
    <span class="marks">
      {would ? <Mark icon="trash" text="goes" title="Would go: it is among those that are chosen above" /> : null}
      {is ? (
        <Mark
          icon={is === 'pruned' ? 'circle-slash' : 'circle-outline'}
          text={is}
          title={is === 'pruned' ? 'Pruned in this model' : 'Constant over all clean images'}
          short={would}
        />
      ) : null}
    </span>
  );
}

function Mark({
  icon,
  text,
  title,
  short = false,
}: {
  icon: string;
  text: string;
  title: string;
  short?: boolean;
}): JSX.Element {
  return (
    <span class={`mark ${text}`} title={title}>
      <span class={`codicon codicon-${icon}`} aria-hidden="true" />
      <span class={short ? 'fp-unseen' : undefined}>{text}</span>
    </span>
  );
}

const signed = (value: number, text: (value: number) => string): string =>
  value === 0 ? '0' : `${value > 0 ? '+' : '−'}${text(Math.abs(value))}`;

function largest(arrays: readonly Float32Array[]): number {
  let most = 0;
  for (const values of arrays) for (const value of values) most = Math.max(most, value);
  return most;
}
