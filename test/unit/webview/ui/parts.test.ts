import assert from 'node:assert/strict';
import { drawnEdges, isDominated, outline, sharesOf } from '../../../../webview/ui/charts/bins';
import { valueAt, widestGap } from '../../../../webview/ui/charts/curve-data';
import { toCsv } from '../../../../webview/ui/charts/export';
import { runsPath } from '../../../../webview/ui/charts/layer-marks';
import { barsPath, fit } from '../../../../webview/ui/charts/svg';
import { formatNumber, formatShare } from '../../../../webview/ui/format';
import { gridAction } from '../../../../webview/ui/grid/grid-keys';
import { buffersIn } from '../../../../webview/ui/host';
import { bytesOf } from '../../../../webview/ui/bytes';
import { colourOf } from '../../../../webview/ui/mask-image';
import { toRgba } from '../../../../webview/ui/pictures';

const key = (name: string, modifiers: { shiftKey?: boolean; altKey?: boolean } = {}) => ({
  key: name,
  shiftKey: false,
  altKey: false,
  ...modifiers,
});

describe('what charts of a page compute', () => {
  it('CSV as RFC 4180 has it: quotes where a cell needs them, CRLF, short 32-bit numbers', () => {
    const cells: (string | number | null)[][] = [
      ['plain', 1],
      ['with, comma', Math.fround(0.1)],
      ['with "quotes"', 0.1],
      ['two\nlines', null],
    ];
    const csv = toCsv({
      columns: [
        { label: 'Name', align: 'left' },
        { label: 'a, b', align: 'right' },
      ],
      rows: cells.length,
      cell: (row, column) => cells[row]?.[column] ?? null,
    });
    assert.equal(
      Buffer.from(csv).toString('utf8'),
      'Name,"a, b"\r\nplain,1\r\n"with, comma",0.100000001\r\n"with ""quotes""",0.1\r\n"two\nlines",\r\n',
    );
  });

  it('shares of each set, and none of an empty one', () => {
    assert.deepEqual([...sharesOf(Uint32Array.from([1, 3]))], [0.25, 0.75]);
    assert.deepEqual([...sharesOf(new Uint32Array(2))], [0, 0]);
  });

  it('whether one bin dwarfs the rest', () => {
    assert.equal(isDominated([Float64Array.from([0.9, 0.05, 0.05])]), true);
    assert.equal(isDominated([Float64Array.from([0.5, 0.3, 0.2])]), false);
    // Each set's fullest bin may be another one: neither hides the other.
    assert.equal(isDominated([Float64Array.from([0.9, 0.1, 0]), Float64Array.from([0, 0.1, 0.9])]), true);
    assert.equal(isDominated([Float64Array.from([1, 0, 0])]), false);
  });

  it('edges of a unit that is constant', () => {
    assert.deepEqual([...drawnEdges(Float32Array.from([0, 0, 0]))], [-0.5, 0, 0.5]);
    const edges = Float32Array.from([0, 1, 2]);
    assert.equal(drawnEdges(edges), edges);
  });

  it('the outline of steps', () => {
    const { x, y } = outline([0, 1, 3], [5, 7]);
    assert.deepEqual(
      [[...x], [...y]],
      [
        [0, 1, 1, 3],
        [5, 5, 7, 7],
      ],
    );
  });

  it('the value on the line between two measured numbers', () => {
    const pruned = Int32Array.from([0, 10, 20]);
    const values = Float64Array.from([1, 0.5, 0]);
    assert.deepEqual(
      [0, 5, 10, 15, 20].map((n) => valueAt(pruned, values, n)),
      [1, 0.75, 0.5, 0.25, 0],
    );
    assert.equal(valueAt(Int32Array.from([0]), Float64Array.from([0.9]), 7), 0.9);
  });

  it('where two lines are farthest apart', () => {
    assert.equal(
      widestGap({
        pruned: Int32Array.from([0, 1, 2]),
        clean: Float64Array.from([0.9, 0.9, 0.1]),
        attack: Float64Array.from([0.8, 0, 0]),
      }),
      1,
    );
    assert.equal(widestGap({ pruned: Int32Array.from([0, 1, 2]), clean: new Float64Array(3), attack: null }), 1);
  });

  it('runs of marks as boxes of a pixel at least', () => {
    const marked = [true, true, false, true];
    assert.equal(
      runsPath(
        4,
        (i) => marked[i] === true,
        (i) => i * 10,
        2,
        8,
      ),
      'M0.0,2H20.0V8H0.0ZM30.0,2H40.0V8H30.0Z',
    );
    assert.equal(
      runsPath(
        4,
        (i) => i === 3,
        (i) => i / 10,
        2,
        8,
      ),
      'M0.3,2H1.3V8H0.3Z',
    );
    assert.equal(
      runsPath(
        4,
        () => false,
        (i) => i,
        2,
        8,
      ),
      '',
    );
  });

  it('bars, and texts that stay inside', () => {
    assert.equal(barsPath([{ left: 0, right: 4, base: 10, top: 2 }]), 'M0.0,10.0V2.0H4.0V10.0Z');
    assert.deepEqual([fit(50, 20, 0, 100), fit(2, 20, 0, 100), fit(99, 20, 0, 100)], [40, 0, 80]);
  });

  it('figures in few digits', () => {
    assert.deepEqual([0, 0.012345, 12.3456, -3, 1e-7, 2.5e7, NaN].map(formatNumber), [
      '0',
      '0.01235',
      '12.35',
      '-3',
      '1.00e-7',
      '2.50e+7',
      '–',
    ]);
    assert.deepEqual([0, 0.25, 0.995].map(formatShare), ['0 %', '25 %', '99.5 %']);
  });
});

describe('what a grid does with a key', () => {
  it('moves, and stops at its ends', () => {
    const to = (name: string, row: number) => {
      const action = gridAction(key(name), row, 100, 10);
      return action?.kind === 'move' ? action.to : null;
    };
    assert.deepEqual(
      ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'].map((name) => to(name, 50)),
      [51, 49, 59, 41, 0, 99],
    );
    assert.deepEqual([to('ArrowUp', 0), to('PageUp', 3), to('ArrowDown', 99), to('PageDown', 95)], [0, 0, 99, 99]);
  });

  it('extends with Shift and an arrow alone', () => {
    assert.deepEqual(gridAction(key('ArrowDown', { shiftKey: true }), 5, 100, 10), {
      kind: 'move',
      to: 6,
      extend: true,
    });
    assert.deepEqual(gridAction(key('End', { shiftKey: true }), 5, 100, 10), { kind: 'move', to: 99, extend: false });
  });

  it('toggles, activates, and leaves other keys alone', () => {
    assert.deepEqual(gridAction(key(' '), 5, 100, 10), { kind: 'toggle', range: false });
    assert.deepEqual(gridAction(key(' ', { shiftKey: true }), 5, 100, 10), { kind: 'toggle', range: true });
    assert.deepEqual(gridAction(key('Enter'), 5, 100, 10), { kind: 'activate' });
    assert.deepEqual(
      [
        gridAction(key('a'), 5, 100, 10),
        gridAction(key('ArrowDown', { altKey: true }), 5, 100, 10),
        gridAction(key('ArrowDown'), 0, 0, 10),
      ],
      [null, null, null],
    );
  });
});

describe('small parts of a page', () => {
  it('finds each buffer of a message once', () => {
    const shared = new Float32Array(4);
    const message = {
      type: 'x',
      a: shared,
      list: [{ b: shared.subarray(1) }, new Uint8Array(2)],
      none: null,
      text: 'y',
    };
    assert.deepEqual(
      buffersIn(message).map(({ byteLength }) => byteLength),
      [16, 2],
    );
  });

  it('makes pixels of grey and colour, and nothing of what does not fit', () => {
    assert.deepEqual([...(toRgba(Uint8Array.from([7, 9]), 1, 2, 1) ?? [])], [7, 7, 7, 255, 9, 9, 9, 255]);
    assert.deepEqual([...(toRgba(Uint8Array.from([1, 2, 3]), 1, 1, 3) ?? [])], [1, 2, 3, 255]);
    assert.equal(toRgba(Uint8Array.from([1, 2, 3]), 2, 2, 1), null);
  });
});

describe('what pictures of masks are made of', () => {
  it('bytes of base64, and none of anything else', () => {
    assert.deepEqual([...bytesOf(Buffer.from([0, 127, 255]).toString('base64'))], [0, 127, 255]);
    assert.deepEqual([...bytesOf('')], []);
    assert.deepEqual([...bytesOf('<img>')], []);
  });

  it('a colour as browsers compute it', () => {
    assert.deepEqual(colourOf('rgb(204, 17, 0)'), [204, 17, 0]);
    assert.deepEqual(colourOf('rgba(1, 2, 3, 0.5)'), [1, 2, 3]);
    assert.deepEqual(colourOf('color(srgb 1 0.5 0)'), [255, 127.5, 0]);
    assert.equal(colourOf('none'), null);
  });
});
