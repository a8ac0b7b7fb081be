import assert from 'node:assert/strict';
import { saveTable, unitTable } from '../../../../../webview/inspector/state/table';
import { ranks, sorted } from '../../../../../webview/inspector/state/units';
import { layerData } from '../support';

describe('the inspector’s table as a file', () => {
  it('has every unit in the order shown, with all its figures', () => {
    const data = layerData();
    const order = sorted(data, { by: 'difference', descending: true });
    const table = unitTable(data, order, ranks(data.order));
    assert.equal(table.rows, 10);
    assert.deepEqual(table.columns.map(({ label }) => label).slice(0, 2), ['unit', 'clean mean']);
    const row = table.columns.map((_, column) => table.cell(0, column));
    assert.deepEqual(row, [7, 0.25, 0.25, data.cleanFires[7], 6.25, 1, 6, 0, 0, 3]);
    const { name, format, content } = saveTable(data, order, ranks(data.order));
    assert.deepEqual([name, format], ['dense_1-before-units', 'csv']);
    assert.equal(new TextDecoder().decode(content).trim().split(/\r?\n/).length, 11);
  });
});
