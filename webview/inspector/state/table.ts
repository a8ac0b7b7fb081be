import type { LayerData } from '../../../server/protocol/messages/inspect';
import { toCsv } from '../../ui/charts/export';
import { triggeredNote, type ChartTable, type Exported } from '../../ui/charts/figure';
import { fileName } from '../words/words';

/** The grid as a file: all units, in the order in which they are shown, with full figures. */
export function saveTable(layer: LayerData, order: Int32Array, rank: Int32Array, estimated = false): Exported {
  return {
    name: fileName(layer.layer, layer.state, 'units'),
    format: 'csv',
    content: toCsv(unitTable(layer, order, rank, estimated)),
  };
}

export function unitTable(layer: LayerData, order: Int32Array, rank: Int32Array, estimated = false): ChartTable {
  const note = triggeredNote(estimated);
  const columns: [string, (unit: number) => number | null][] = [
    ['unit', (unit) => unit],
    ['clean mean', (unit) => layer.cleanMean[unit]!],
    ['clean mean absolute', (unit) => layer.cleanMeanAbs[unit]!],
    ['clean fires', (unit) => layer.cleanFires[unit]!],
    [`triggered mean${note}`, (unit) => layer.triggeredMean?.[unit] ?? null],
    [`triggered fires${note}`, (unit) => layer.triggeredFires?.[unit] ?? null],
    [`difference${note}`, (unit) => (layer.triggeredMean ? layer.triggeredMean[unit]! - layer.cleanMean[unit]! : null)],
    ['dead', (unit) => layer.dead[unit]!],
    ['pruned', (unit) => layer.pruned[unit]!],
    ['place in pruning order', (unit) => rank[unit]! + 1],
  ];
  return {
    columns: columns.map(([label]) => ({ label, align: 'right' })),
    rows: order.length,
    cell: (row, column) => columns[column]![1](order[row]!),
  };
}
