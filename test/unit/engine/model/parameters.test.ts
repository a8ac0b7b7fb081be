import assert from 'node:assert/strict';
import type { Parameter } from '../../../../server/engine/model/graph';
import { patchSegments, readParameter, type Home } from '../../../../server/engine/model/parameters';

/** A kernel [height 2, width 1, in 2, out 3], which a file in PyTorch's order keeps as [out, in, height, width]. */
const KERNEL: Parameter = { id: 'conv/kernel', label: 'conv', role: 'kernel', shape: [2, 1, 2, 3], trainable: true };
const ORDER = [3, 2, 0, 1];
const count = 12;

const home = (order: readonly number[] | null): Home => ({
  segment: 1,
  // Not a multiple of four: files align nothing.
  offset: 3,
  bytes: 4 * count,
  dtype: 'float32',
  order,
  name: 'conv.weight',
  place: '',
});

/** The value at [y, x, i, o]. */
const valueAt = (y: number, x: number, i: number, o: number): number => 1000 * y + 100 * x + 10 * i + o;

function inGraph(): number[] {
  const values: number[] = [];
  for (let y = 0; y < 2; y++) for (let i = 0; i < 2; i++) for (let o = 0; o < 3; o++) values.push(valueAt(y, 0, i, o));
  return values;
}

function inFile(): number[] {
  const values: number[] = [];
  for (let o = 0; o < 3; o++) for (let i = 0; i < 2; i++) for (let y = 0; y < 2; y++) values.push(valueAt(y, 0, i, o));
  return values;
}

function segmentsOf(values: readonly number[]): Uint8Array[] {
  const bytes = new Uint8Array(3 + 4 * count + 2).fill(0xee);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(3 + 4 * i, value, true));
  return [Uint8Array.of(1, 2, 3), bytes];
}

describe('parameters and their homes', () => {
  for (const [name, order, values] of [
    ['in the order of the graph', null, inGraph()],
    ['in another order of axes', ORDER, inFile()],
  ] as const) {
    it(`are read and written ${name}`, () => {
      const segments = segmentsOf(values);
      assert.deepEqual([...readParameter(segments, KERNEL, home(order))], inGraph());
      const homes = new Map([[KERNEL.id, home(order)]]);
      const doubled = patchSegments(segments, [KERNEL], homes, () => Float32Array.from(inGraph(), (v) => 2 * v));
      assert.deepEqual(doubled, segmentsOf(values.map((v) => 2 * v)), 'other bytes are as they were');
      assert.deepEqual(segments, segmentsOf(values), 'what was read is not changed');
    });
  }
});
