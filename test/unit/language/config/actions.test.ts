import assert from 'node:assert/strict';
import { configActions } from '../../../../server/language/config/actions';
import { configOf, configWith, diagnose, goodFacts, marked, URI } from '../support';
import { one } from './support';

describe('quick fixes in a config', () => {
  it('offers each layer that the model has, nearest first', () => {
    const found = one(configWith('"layer": «"conv2d_2"»'), 'config.layerUnknown');
    const actions = configActions(URI, [found]);
    assert.deepEqual(
      actions.map((a) => a.edit?.changes?.[URI]?.[0]?.newText),
      ['"conv2d_1"', '"conv2d"', '"dense"'],
    );
    assert.deepEqual(
      actions.map((a) => a.isPreferred),
      [true, false, false],
    );
    assert.equal(actions[0]!.title, 'Prune layer "conv2d_1" (64 units)');
  });

  it('offers to take out either side of a patch, leaving good JSON', () => {
    const { text } = marked(configWith('"trigger": { "kind": "patch", "target": 0, "right": 1, "left": «1» }'));
    const [found] = diagnose(text, goodFacts());
    const config = configOf(text);
    for (const action of configActions(URI, [found!])) {
      const { range } = action.edit!.changes![URI]![0]!;
      const left =
        text.slice(0, config.document.offsetAt(range.start)) + text.slice(config.document.offsetAt(range.end));
      assert.deepEqual(diagnose(left, goodFacts()), [], left);
    }
  });

  it('offers to take out the units or the ratio, leaving good JSON', () => {
    const text = configWith('"prune": { "ratio": 0.2, "units": [3, 4] }');
    const [found] = diagnose(text, goodFacts());
    const { document } = configOf(text);
    const left = configActions(URI, [found!]).map((action) => {
      const { range } = action.edit!.changes![URI]![0]!;
      const after = text.slice(0, document.offsetAt(range.start)) + text.slice(document.offsetAt(range.end));
      assert.deepEqual(diagnose(after, goodFacts()), [], after);
      return /"prune": .*/.exec(after)![0];
    });
    assert.deepEqual(left, ['"prune": { "ratio": 0.2 }', '"prune": { "units": [3, 4] }']);
  });

  it('suggests the field that was meant', () => {
    const found = one(configWith('«"seeed"»: 1'), 'config.unknownField');
    assert.match(String(found.message), /Did you mean `seed`\?/);
    assert.deepEqual(
      configActions(URI, [found]).map((a) => a.title),
      ['Change to "seed"', 'Remove `seeed`'],
    );
  });
});
