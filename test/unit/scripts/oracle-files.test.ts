import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../../harness/files';

type Compare = (
  made: string,
  committed: string,
  result: string,
  rules?: Record<string, string>,
) => { file: string; state: string; bytes: number }[];

const floats = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);

describe('results of the oracles', () => {
  const folder = temporaryFolder();
  let compare: Compare;
  let number = 0;
  before(async () => {
    const script = pathToFileURL(path.resolve(__dirname, '../../../scripts/oracle-files.mjs')).href;
    ({ compare } = (await import(script)) as { compare: Compare });
  });

  type Content = Record<string, string | Uint8Array>;
  /** The states of the files of `r`, which are made and committed as said. */
  const states = (made: Content, committed: Content, rules?: Record<string, string>): Record<string, string> => {
    const at = (side: string): string => path.join(folder.path, `${number}`, side);
    number++;
    for (const [side, files] of Object.entries({ made, committed })) {
      mkdirSync(path.join(at(side), 'r'), { recursive: true });
      for (const [name, content] of Object.entries(files)) writeFileSync(path.join(at(side), 'r', name), content);
    }
    return Object.fromEntries(
      compare(at('made'), at('committed'), 'r', rules).map(({ file, state }) => [path.basename(file), state]),
    );
  };
  const json = (a: unknown, b: unknown): string | undefined =>
    states({ x: JSON.stringify(a) }, { x: JSON.stringify(b) }, { 'r/x': 'json' })['x'];

  it('are the same, changed, new or no longer made', () => {
    assert.deepEqual(states({ a: '1', b: '1', c: '1' }, { a: '1', b: '1.000001', d: '1' }), {
      a: 'same',
      b: 'changed',
      c: 'new',
      d: 'gone',
    });
  });

  it('as JSON: figures to 1e-5, counts of images to 2, all else exactly', () => {
    assert.equal(json({ means: [0.1, 0, 700] }, { means: [0.100005, 1e-6, 700.005] }), 'near');
    assert.equal(json({ means: [0.1] }, { means: [0.10002] }), 'changed');
    assert.equal(json({ before: { correct: 9889 } }, { before: { correct: 9891 } }), 'near');
    assert.equal(json({ before: { correct: 9889 } }, { before: { correct: 9892 } }), 'changed');
    for (const [a, b] of [
      [{ pruned: [3, 4] }, { pruned: [4, 3] }],
      [{ pruned: [3] }, { pruned: [3, 4] }],
      [{ x: 1 }, { y: 1 }],
      [{ x: 1 }, { x: 1, y: 1 }],
      [{ x: [] }, { x: {} }],
      [{ x: null }, { x: {} }],
      [{ x: 'a' }, { x: 'b' }],
    ])
      assert.equal(json(a, b), 'changed', JSON.stringify([a, b]));
    assert.equal(states({ x: '1' }, { x: '<<<<<<<' }, { 'r/x': 'json' })['x'], 'changed', 'a broken file is replaced');
  });

  it('as float32: values to 1e-5, as many', () => {
    const state = (a: Uint8Array, b: Uint8Array) => states({ x: a }, { x: b }, { 'r/x': 'floats' })['x'];
    assert.equal(state(floats(0.5, -3), floats(0.500001, -3.00001)), 'near');
    assert.equal(state(floats(0.5, -3), floats(0.5, -3.001)), 'changed');
    assert.equal(state(floats(0.5), floats(0.5, 0)), 'changed');
    assert.equal(state(floats(NaN), floats(0)), 'changed');
  });
});
