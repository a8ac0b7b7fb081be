import assert from 'node:assert/strict';
import { configProblems, parseConfig } from '../../../../server/engine/config/read-config';
import { failureOf } from '../../../harness/files';
import { FILE, splits, textOf, problems } from './support';

describe('a fault in a config', () => {
  it('stands where the person looks: the value, the wrong key, or the object that lacks something', () => {
    const text =
      '{\n  "model": "m",\n  "data": { "train": { "images": "a", "labels": "b" } },\n  "seeds": 1,\n  "seed": "x"\n}';
    const marked = configProblems(text).map(({ offset, length }) => text.slice(offset, offset + length));
    assert.deepEqual(marked, ['"data"', '"seeds"', '"x"']);
    assert.throws(() => parseConfig(text, FILE), { place: '/data, line 3:3' });
  });

  it('does not hide the others', () => {
    const found = problems({
      seed: -1,
      threads: 0,
      trigger: { kind: 'patch', target: 'x' },
      data: { train: {}, test: splits.test },
    });
    assert.deepEqual(
      found.map(({ path: where }) => where).sort(),
      ['/data/train', '/data/train', '/seed', '/threads', '/trigger/target'].sort(),
    );
  });

  it('can be a key given twice, or one that would change the object itself', async () => {
    const twice = '{ "model": "m", "model": "n", "data": 1 }';
    const [problem, ...others] = configProblems(twice);
    assert.deepEqual(
      [problem!.code, problem!.path, problem!.offset, others.length],
      ['config.duplicateKey', '/model', 16, 0],
    );
    const [proto] = configProblems(`{ "__proto__": ${textOf({})} }`);
    assert.deepEqual([proto!.code, proto!.path], ['config.unknownField', '/__proto__']);
    assert.equal(({} as { model?: string }).model, undefined);
  });

  it('can be that there is nothing', async () => {
    for (const text of ['', '\uFEFF', ' \n', '// only a comment\n']) {
      const failure = await failureOf('config.empty', () => parseConfig(text, FILE));
      assert.match(failure.place!, /^line 1:1$/);
      assert.equal(configProblems(text).length, 1);
    }
  });

  const broken: [string, string, number][] = [
    ['a missing comma', '{\n  "model": "m"\n  "data": {}\n}', 3],
    ['a missing brace', '{ "model": "m", "data": {', 1],
    ['an open quote', '{ "model": "m }', 1],
    ['single quotes', "{ 'model': 'm' }", 1],
    ['an open comment', '{ /* never closed', 1],
    ['something after the end', '{}\n{}', 2],
    ['no JSON at all', 'model: model.json\ndata:\n', 1],
  ];
  for (const [name, text, line] of broken) {
    it(`can be broken syntax, which gives one entry: ${name}`, async () => {
      const [problem, ...others] = configProblems(text);
      assert.equal(problem!.code, 'config.syntax');
      assert.equal(others.length, 0);
      assert.ok(problem!.length > 0 && problem!.offset >= 0 && problem!.offset + problem!.length <= text.length + 1);
      const failure = await failureOf('config.syntax', () => parseConfig(text, FILE));
      assert.match(failure.place!, new RegExp(`^line ${line}:`));
    });
  }

  for (const text of ['[]', '5', 'null', '"model.json"']) {
    it(`can be that it is no object: ${text}`, () => {
      assert.deepEqual(
        configProblems(text).map(({ code, path: where }) => [code, where]),
        [['config.wrongType', '']],
      );
    });
  }

  it('can be nesting or length that no config has', async () => {
    await failureOf('config.syntax', () => parseConfig('['.repeat(500_000), FILE));
    await failureOf('config.tooLarge', () => parseConfig(' '.repeat(2 << 20), FILE));
  });

  it('can be a number beyond all numbers', async () => {
    const text = textOf({ data: { ...splits, scale: 1 } }).replace('"scale": 1', '"scale": 1e999');
    const failure = await failureOf('config.outOfRange', () => parseConfig(text, FILE));
    assert.match(failure.message, /a number above 0, not Infinity/);
  });
});
