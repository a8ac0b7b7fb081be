import assert from 'node:assert/strict';
import { beyondBounds, lineAndColumn } from '../../../server/json/bounds';
import { tolerantTree } from '../../../server/json/tolerant';
import { configProblems } from '../../../server/engine/config/parse-config';
import { configsNaming } from '../../../server/engine/config/configs-naming';
import { allowed } from '../../harness/busy';

const nested = (open: string, close: string, times: number): string => `${open.repeat(times)}${close.repeat(times)}`;

describe('the bounds of a JSON text', function () {
  this.timeout(60_000);

  it('are seen in one look, whatever stands in strings and comments', () => {
    const bounds = { depth: 3, values: 5 };
    for (const text of [
      '[[[1]]]',
      '{"a":"[[[[[[","b":"\\"{{{{"}',
      '// [[[[[\n[1] /* [[[[ */',
      '[1,2,3,4,5]',
      '[[1],[2]]',
      '/',
      '"',
      '',
    ])
      assert.equal(beyondBounds(text, bounds), null, text);
    assert.deepEqual(beyondBounds('[[[[', bounds), { what: 'depth', offset: 3 });
    assert.deepEqual(beyondBounds('[1,2,3,4,5,6]', bounds), { what: 'values', offset: 10 });
    assert.deepEqual(beyondBounds('{"a":"\\\\"}[[[{', bounds), { what: 'depth', offset: 13 });
    // What the tolerant parser takes for the end of a string or of a comment is one here.
    for (const hidden of ['"a\n[[[[', '"a\r[[[[', '// a\r[[[[', '// a\n[[[[', '/* a */[[[['])
      assert.equal(beyondBounds(hidden, bounds)?.what, 'depth', JSON.stringify(hidden));
  });

  it('keep a parser that calls itself from running out of stack, however the brackets are hidden', () => {
    for (const start of ['', '"a\n', '"a\r', '// a\r', '/* " */', '"\\"\n', '{"a":', '"\\\n" '])
      for (const times of [2_000, 200_000]) {
        const { root, tooDeep } = tolerantTree(`${start}${nested('[', ']', times)}`);
        assert.ok(tooDeep && root === undefined, JSON.stringify(start));
      }
  });

  it('a config nested 2,000 deep is refused in a sentence', async () => {
    for (const text of [nested('[', ']', 2_000), `{"model":"m","data":${nested('{"a":', '}', 2_000)}}`]) {
      const [problem] = configProblems(text);
      assert.equal(problem?.code, 'config.syntax');
      assert.match(problem.message, /nested too deeply/);
      assert.deepEqual(await configsNaming(['/x.fineprune.json'], '/m', () => Promise.resolve(text)), []);
    }
  });

  it('problems of a config are listed up to a hundred, in a time that its size allows', () => {
    const keys = Array.from({ length: 60_000 }, (_, i) => `"k${i}":0`).join();
    const twice = Array.from({ length: 60_000 }, () => '"k":0').join();
    for (const text of [`{${keys}}`, `{${twice}}`, `{"model":"m","data":{"mean":[${'"a",'.repeat(60_000)}0]}}`]) {
      const before = process.cpuUsage();
      const problems = configProblems(text);
      const { user, system } = process.cpuUsage(before);
      assert.ok(problems.length >= 1 && problems.length <= 100, String(problems.length));
      assert.ok((user + system) / 1000 < allowed(2_000), `${(user + system) / 1000} ms`);
    }
    const [many] = configProblems(`[${'0,'.repeat(200_000)}0]`);
    assert.equal(many?.code, 'config.tooLarge');
  });

  it('a place is found in a text of nothing but lines', () => {
    assert.deepEqual(lineAndColumn('a\r\nb\rc\nde', 8), { line: 4, column: 2 });
    assert.deepEqual(lineAndColumn('\n'.repeat(1_000_000), 1_000_000), { line: 1_000_001, column: 1 });
  });
});
