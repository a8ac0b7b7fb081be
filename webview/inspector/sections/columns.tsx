import type { LayerData } from '../../../server/protocol/messages/inspect';
import type { GridColumn } from '../../ui/grid/virtual-grid';
import { aligned, shortShare } from '../words/words';
import { Box, Marks, Mean } from './cells';
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

/** What is the same for all columns of a layer. */
interface Table extends Cells {
  /** Whether there is room for bars beside the means. */
  bars: boolean;
  /** Largest mean activation of the layer. */
  most: number;
  /** A mean as a text, all with the same number of decimals. */
  text(value: number): string;
  /** The unit of a row. */
  at(row: number): number;
}

/** The grid's columns. @param chosen number of units that would go @param selected 1 for a unit of the own mask */
export function columnsOf(cells: Cells, chosen: number, selected: Uint8Array): GridColumn[] {
  const { layer, order, width } = cells;
  const { cleanMean, triggeredMean } = layer;
  const most = largest([cleanMean, ...(triggeredMean ? [triggeredMean] : [])]);
  const table: Table = {
    ...cells,
    most,
    bars: width >= BARS_FROM && most > 0,
    text: aligned(most),
    at: (row) => order[row]!,
  };
  const columns = [
    selectColumn(table, selected),
    indexColumn(table),
    meanColumn(table, 'clean', 'Clean', 'Mean activation on clean images', cleanMean),
    ...(triggeredMean ? triggeredColumns(table, triggeredMean) : []),
    ...(width >= FIRES_FROM ? [firesColumn(table)] : []),
  ];
  // Where not all columns are in sight, what the slider does is.
  columns.splice(width < BARS_FROM ? 2 : columns.length, 0, marksColumn(table, chosen));
  return columns;
}

function selectColumn({ at }: Table, selected: Uint8Array): GridColumn {
  return {
    id: 'select',
    label: 'Mask',
    hint: 'Custom mask: what you would prune',
    width: 52,
    align: 'left',
    sortable: false,
    render: (row) => <Box checked={selected[at(row)] === 1} />,
  };
}

function indexColumn({ layer, at }: Table): GridColumn {
  const word = unitWord(layer.layerKind);
  return {
    id: 'index',
    label: word === 'neuron' ? 'Neuron' : 'Channel',
    width: word === 'neuron' ? 64 : 74,
    align: 'right',
    sortable: true,
    render: (row) => String(at(row)),
  };
}

function meanColumn(
  { bars, most, text, at }: Table,
  id: string,
  label: string,
  hint: string,
  values: Float32Array,
): GridColumn {
  return {
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
  };
}

/** The mean on triggered images, and by how much it is above the clean one. */
function triggeredColumns(table: Table, triggeredMean: Float32Array): GridColumn[] {
  const { layer, estimated, text, at } = table;
  return [
    meanColumn(
      table,
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
      render: (row) => signed(triggeredMean[at(row)]! - layer.cleanMean[at(row)]!, text),
    },
  ];
}

function firesColumn({ layer: { cleanFires, triggeredFires }, at }: Table): GridColumn {
  const fires = (unit: number): string =>
    triggeredFires
      ? `${shortShare(cleanFires[unit]!)} → ${shortShare(triggeredFires[unit]!)}`
      : shortShare(cleanFires[unit]!);
  return {
    id: 'fires',
    label: 'Fires, %',
    hint: `Share of ${triggeredFires ? 'clean → triggered' : 'clean'} images on which it is above zero`,
    width: triggeredFires ? 84 : 70,
    align: 'right',
    sortable: false,
    render: (row) => fires(at(row)),
  };
}

function marksColumn({ layer, goes, width, at }: Table, chosen: number): GridColumn {
  return {
    id: 'order',
    label: 'Pruning',
    hint: 'Sorts by the order of the rule',
    width: 82,
    align: 'left',
    sortable: true,
    grows: width > 640,
    render: (row) => <Marks layer={layer} unit={at(row)} goes={goes[at(row)]! < chosen} />,
  };
}

const signed = (value: number, text: (value: number) => string): string =>
  value === 0 ? '0' : `${value > 0 ? '+' : '−'}${text(Math.abs(value))}`;

function largest(arrays: readonly Float32Array[]): number {
  let most = 0;
  for (const values of arrays) for (const value of values) most = Math.max(most, value);
  return most;
}
