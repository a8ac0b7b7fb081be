import assert from 'node:assert/strict';
import { limitOf, ruleText, whyNoChoice } from '../../../../../webview/inspector/words/rules';
import { estimated, overview } from '../support';

describe('the inspector’s words on the rule of pruning', () => {
  it('name the rule, whose trigger it goes by, and the limit that follows from it', () => {
    const { prune } = overview();
    assert.equal(
      ruleText(overview({ strategy: 'fine-pruning-conv' }), 'channel'),
      'channels with the lowest mean activation on held-out clean images are pruned first',
    );
    assert.equal(
      ruleText(overview(), 'neuron'),
      'neurons with the lowest mean activation on clean images are pruned first',
    );
    assert.match(
      ruleText(overview({ prune: { ...prune, rule: 'clean-mean-abs' } }), 'channel'),
      /^channels with the lowest mean absolute activation/,
    );
    assert.equal(
      ruleText(overview({ prune: { ...prune, rule: 'triggered-difference', guide: 'known' } }), 'neuron'),
      'neurons that the trigger raises most, on held-out images, are pruned first',
    );
    assert.match(
      ruleText(overview({ prune: { ...prune, rule: 'triggered-difference', guide: 'estimated' } }), 'neuron'),
      /the estimated trigger raises most/,
    );
    assert.match(
      ruleText(overview({ prune: { ...prune, rule: 'triggered-difference' } }), 'neuron'),
      /^no trigger is known .* lowest mean activation on clean images are pruned first$/,
    );

    const within = { pruned: 4, heldOut: { images: 500, correctBefore: 490, correct: 486 } };
    assert.deepEqual(limitOf({ limit: within, smallest: null }, overview()), {
      kind: 'accuracy',
      pruned: 4,
      text: 'Within the accuracy limit on 500 held-out images:',
    });
    assert.equal(limitOf({ limit: null, smallest: null }, overview()), null);
    const guided = estimated({ prune: { ...prune, rule: 'triggered-difference', guide: 'estimated' } });
    const smallest = { pruned: 3, heldOut: { images: 500, triggeredImages: 450, successful: 9, correct: 489 } };
    assert.deepEqual(limitOf({ limit: null, smallest }, guided), {
      kind: 'gate',
      pruned: 3,
      text: 'The fewest that bring the attack success rate (estimated trigger) within its gate of 5 %, on 500 held-out images:',
    });
    assert.deepEqual(limitOf({ limit: null, smallest: null }, guided), {
      kind: 'gate',
      pruned: null,
      text: 'On 500 held-out images, no number of them brings the attack success rate (estimated trigger) within its gate of 5 % and costs at most 1 point of clean accuracy.',
    });
    assert.deepEqual(
      [whyNoChoice(overview()), whyNoChoice(overview({ strategy: 'guided' }))],
      [null, 'The strategy guided chooses what to prune on its own'],
    );
  });
});
