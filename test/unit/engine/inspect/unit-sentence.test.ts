import assert from 'node:assert/strict';
import { unitSentence, type UnitFigures } from '../../../../server/engine/inspect/unit/unit-sentence';

const base: UnitFigures = {
  word: 'neuron',
  pruned: false,
  dead: false,
  images: 10_000,
  cleanMean: 0.1,
  cleanFires: 0.03,
  triggered: { mean: 4.1, fires: 0.99, woken: true },
  target: 0,
  estimated: false,
  outgoing: null,
};
const say = (more: Partial<UnitFigures>) => unitSentence({ ...base, ...more });

describe('the sentence about a unit', () => {
  it('says wherever it names the trigger that it is an estimated one', () => {
    const triggered = { mean: 4.1, fires: 0.99, woken: true };
    const sentences: Partial<UnitFigures>[] = [
      {},
      { cleanMean: 4.2, triggered: { ...triggered, mean: 2 } },
      { cleanMean: 1, triggered: { ...triggered, mean: 1.05 } },
      { cleanMean: 1, triggered: { ...triggered, mean: 1.25 } },
      { cleanMean: 1, triggered: { mean: 0, fires: 0, woken: true } },
      { dead: true, cleanMean: 0 },
      { dead: true, cleanMean: 0, triggered: { mean: 0, fires: 0, woken: false } },
    ];
    for (const figures of sentences) {
      const [known, estimated] = [say(figures), say({ ...figures, estimated: true })];
      assert.match(known, /the trigger/);
      assert.equal(estimated, known.replace('the trigger', 'the estimated trigger'));
    }
    assert.ok(!/trigger/.test(say({ triggered: null, target: null, estimated: false })));
  });

  it('tells how often it fires, and how its mean changes with the trigger', () => {
    assert.equal(
      say({}),
      'Fires on 99 % of triggered and 3 % of clean inputs: its mean is 41 times higher with the trigger.',
    );
    assert.equal(
      say({ cleanMean: 4.2, cleanFires: 0.9, triggered: { mean: 2, fires: 0.5, woken: true } }),
      'Fires on 50 % of triggered and 90 % of clean inputs: its mean is 2.1 times lower with the trigger.',
    );
    assert.equal(
      say({ cleanMean: 1, cleanFires: 0.5, triggered: { mean: 1.05, fires: 0.5, woken: true } }),
      'Fires on 50 % of triggered and 50 % of clean inputs: the trigger hardly moves its mean.',
    );
    assert.equal(
      say({ cleanMean: 1, cleanFires: 0.5, triggered: { mean: 1.25, fires: 0.5, woken: true } }),
      'Fires on 50 % of triggered and 50 % of clean inputs: its mean goes from 1 to 1.25 with the trigger.',
    );
    assert.equal(
      say({ cleanMean: 1, cleanFires: 0.5, triggered: { mean: 0, fires: 0, woken: true } }),
      'Fires on 0 % of triggered and 50 % of clean inputs: the trigger silences it.',
    );
  });

  it('speaks of no factor where means are not both above zero', () => {
    assert.match(
      say({ cleanMean: -1, triggered: { mean: 2, fires: 0.8, woken: true } }),
      /: its mean goes from -1 to 2 with the trigger\.$/,
    );
    assert.match(
      say({ cleanMean: 1, triggered: { mean: -2, fires: 0, woken: true } }),
      /: its mean goes from 1 to -2 with the trigger\.$/,
    );
  });

  it('keeps to clean data without a trigger', () => {
    assert.equal(
      say({ triggered: null, target: null, cleanMean: 0.1234 }),
      'Fires on 3 % of clean inputs, with a mean of 0.123.',
    );
    assert.equal(
      say({ triggered: null, target: null, dead: true, cleanMean: 0, cleanFires: 0 }),
      'Dead: constant at 0 on all 10,000 clean images.',
    );
  });

  it('tells whether the trigger wakes a dead unit', () => {
    const dead = { dead: true, cleanMean: 0, cleanFires: 0 };
    assert.equal(
      say({ ...dead, triggered: { mean: 0, fires: 0, woken: false } }),
      'Dead: constant at 0 on all 10,000 clean images; the trigger does not wake it either.',
    );
    assert.equal(
      say({ ...dead, triggered: { mean: 2.5, fires: 0.97, woken: true } }),
      'Dead: constant at 0 on all 10,000 clean images, but the trigger wakes it: it fires on 97 % of triggered inputs, with a mean of 2.5.',
    );
    // A constant above zero "fires" on every input; only a change counts.
    assert.equal(
      say({ dead: true, cleanMean: 0.5, cleanFires: 1, triggered: { mean: 0.5, fires: 1, woken: false } }),
      'Dead: constant at 0.5 on all 10,000 clean images; the trigger does not wake it either.',
    );
    assert.equal(
      say({ dead: true, cleanMean: 0.5, cleanFires: 1, triggered: { mean: 0.9, fires: 1, woken: true } }),
      'Dead: constant at 0.5 on all 10,000 clean images, but the trigger wakes it: its mean on triggered inputs is 0.9.',
    );
  });

  it('says of a pruned unit only that', () => {
    assert.equal(
      say({ pruned: true, dead: true, word: 'channel', outgoing: Float32Array.of(1, 0) }),
      'Pruned: this channel contributes nothing.',
    );
  });

  it('names the class that a raised neuron pushes most', () => {
    assert.match(say({ outgoing: Float32Array.of(0.5, 0.1, -1) }), / It pushes class 0, the target, most\.$/);
    assert.match(
      say({ outgoing: Float32Array.of(-0.25, 0.1, 0.9) }),
      / It pushes class 2 most, not the target 0; this neuron's weight to the target is -0\.25\.$/,
    );
    assert.match(say({ outgoing: Float32Array.of(-0.5, -0.1) }), / It pushes against every class\.$/);
    assert.doesNotMatch(
      say({ outgoing: Float32Array.of(0.5, 0.1), triggered: { mean: 0.12, fires: 0.03, woken: true } }),
      /class/,
      'the trigger does not raise it',
    );
  });

  it('never rounds some to none, nor most to all', () => {
    assert.match(say({ cleanFires: 0.0001 }), /0\.01 % of clean/);
    assert.match(say({ cleanFires: 0.9999 }), /99\.9 % of clean/);
    assert.match(
      say({ cleanFires: 1, triggered: { mean: 9.6e3, fires: 0, woken: true } }),
      /Fires on 0 % of triggered and 100 % of clean inputs: its mean is over 1,000 times higher/,
    );
    assert.match(say({ cleanMean: 1, triggered: { mean: 9.96, fires: 0.5, woken: true } }), /10 times higher/);
  });
});
