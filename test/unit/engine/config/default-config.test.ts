import assert from 'node:assert/strict';
import { configText } from '../../../../server/engine/config/default-config';
import { configProblems, parseConfig, resolveConfig } from '../../../../server/engine/config/read-config';
import { sourceFrom } from '../../../../server/protocol/data-source';
import { FILE, splits, base } from './support';

describe('the text of a new config', () => {
  const answers = {
    model: 'model.json',
    train: sourceFrom('idx', splits.train),
    test: sourceFrom('idx', splits.test),
  };

  it('validates, with the reference set-up as all that was not asked', () => {
    const text = configText({ ...answers, trigger: { kind: 'patch', target: 7 } });
    assert.deepEqual(configProblems(text), []);
    const resolved = resolveConfig(parseConfig(text, FILE));
    assert.deepEqual(resolved, resolveConfig({ ...base, trigger: { kind: 'patch', target: 7 } }));
  });

  it('can ask for an estimated trigger and a repair that chooses by itself', () => {
    const text = configText({ ...answers, trigger: 'inverted', strategy: 'auto' });
    const { trigger, strategy, prune } = parseConfig(text, FILE);
    assert.deepEqual([trigger, strategy, prune], ['inverted', 'auto', undefined]);
    assert.match(text, /estimated from the model/);
  });

  it('says that no trigger is known', () => {
    const text = configText({ ...answers, trigger: null });
    assert.equal(parseConfig(text, FILE).trigger, null);
    assert.match(text, /No trigger is known/);
  });

  it('stays valid with every comment put into force', () => {
    const text = configText({ ...answers, trigger: null });
    const forced = text.replace(/^( *)\/\/ (?=")/gm, '$1');
    assert.equal(text.split('\n').filter((line, i) => line !== forced.split('\n')[i]).length, 7);
    assert.deepEqual(configProblems(forced), []);
    const config = parseConfig(forced, FILE);
    assert.deepEqual(
      [config.data.analysis, config.data.mean, config.layer, config.fineTune?.batchSize, config.seed],
      ['holdout', 0.1307, 'conv2d_2', 64, 0],
    );
  });

  it('survives any path', () => {
    const model = 'a "quoted"\\folder/*/mödel.json // x';
    assert.equal(parseConfig(configText({ ...answers, model, trigger: null }), FILE).model, model);
  });
});
