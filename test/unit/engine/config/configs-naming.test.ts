import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import configSchema from '../../../../schemas/fineprune.schema.json';
import { configText } from '../../../../server/engine/config/default-config';
import { configsNaming } from '../../../../server/engine/config/configs-naming';
import { Throttle } from '../../../../server/engine/process/throttle';
import { nearest } from '../../../../server/protocol/nearest';
import { countOfShare, DEFAULT_RATIO, pruneCount } from '../../../../server/protocol/config/pruning';
import { temporaryFolder } from '../../../harness/files';

describe('configs that name a model', () => {
  const folder = temporaryFolder();
  const at = (name: string): string => path.join(folder.path, name);

  it('are those of the same file, whatever links lead to it, and whatever else is broken in them', async () => {
    for (const name of ['a', 'b']) {
      await mkdir(at(name));
      await folder.write(`${name}/model.json`, '{}');
    }
    await symlink(at('a'), at('link'));
    const texts = {
      'plain.json': '{ "model": "a/model.json" }',
      'linked.json': '{ "model": "link/model.json" }',
      'other.json': '{ "model": "b/model.json" }',
      'broken.json': '\uFEFF{ // mine\n "model": "./a/model.json", "data": {,, ',
      'no-model.json': '{ "data": {} }',
      'brackets.json': '['.repeat(200_000),
    };
    for (const [name, text] of Object.entries(texts)) await folder.write(name, text);
    const configs = [...Object.keys(texts), 'missing.json'].map(at);
    assert.deepEqual(
      await configsNaming(configs, at('a/model.json')),
      ['plain.json', 'linked.json', 'broken.json'].map(at),
    );
    assert.deepEqual(
      await configsNaming(configs, at('link/model.json')),
      ['plain.json', 'linked.json', 'broken.json'].map(at),
    );
  });

  it('are read as the caller has them', async () => {
    const told = await configsNaming([at('x.json'), at('y.json')], at('not-yet.json'), (config) =>
      Promise.resolve(config === at('y.json') ? '{ "model": "not-yet.json" }' : undefined),
    );
    assert.deepEqual(told, [at('y.json')]);
  });
});

describe('the reference ratio', () => {
  it('is one number: in the schema, in a new config, in counts', () => {
    const { ratio } = (configSchema.definitions.PruneConfig ?? {}).properties;
    assert.equal(ratio.default, DEFAULT_RATIO);
    const files = { format: 'idx', images: 'x', labels: 'y' } as const;
    assert.match(configText({ model: 'm', train: files, test: files, trigger: null }), /"ratio": 0\.2 \}/);
    assert.equal(pruneCount(DEFAULT_RATIO, 128), 25);
    assert.deepEqual([countOfShare(0.29, 100), countOfShare(1, 7), countOfShare(1, 0)], [29, 7, 0]);
  });
});

describe('the word that was meant', () => {
  it('is at most two edits away, one where it is short', () => {
    const known = ['patch', 'blended', 'layer', 'seed'];
    assert.equal(nearest('Pach', known), 'patch');
    assert.equal(nearest('blendde', known), 'blended');
    assert.equal(nearest('sd', known), null);
    assert.equal(nearest('x'.repeat(100_000), known), null);
  });
});

describe('a throttle', () => {
  it('lets through what is due and what ends something, from which it counts on', () => {
    let now = 0;
    const throttle = new Throttle(100, () => now);
    const passes = (at: number, always = false): boolean => {
      now = at;
      return throttle.passes(always);
    };
    assert.deepEqual(
      [passes(0), passes(99), passes(100), passes(150, true), passes(249), passes(250)],
      [true, false, true, true, false, true],
    );
  });
});
