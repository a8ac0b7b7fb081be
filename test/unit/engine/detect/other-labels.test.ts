import assert from 'node:assert/strict';
import { otherLabels } from '../../../../server/engine/detect/other-labels';

describe('labels in another order', () => {
  const labels = Int32Array.from({ length: 400 }, (_, i) => i % 10);
  /** What a model says that errs on every eighth image. */
  const model = (of: (label: number) => number): Int32Array =>
    labels.map((label, i) => of(i % 8 === 0 ? (label + 1 + (i % 7)) % 10 : label));
  const asLabelled = { labels, predicted: model((label) => label) };

  it('are read from some images and tried on others', () => {
    const shifted = { labels, predicted: model((label) => (label + 1) % 10) };
    const found = otherLabels(shifted, shifted, 10)!;
    assert.deepEqual(
      found.classes,
      Array.from({ length: 10 }, (_, data) => ({ data, model: (data + 1) % 10 })),
    );
    assert.equal(found.after.hits, 350);
    assert.equal(otherLabels(shifted, asLabelled, 10), null, 'what is so on some images only is no order');
  });

  it('are not seen in a model that only errs, prefers a class, or guesses', () => {
    assert.equal(otherLabels(asLabelled, asLabelled, 10), null);
    const all = { labels, predicted: labels.map((label, i) => (i % 3 === 0 ? label : 4)) };
    assert.equal(otherLabels(all, all, 10), null);
    const guessed = { labels, predicted: labels.map((_, i) => (i * 7 + Math.floor(i / 10)) % 10) };
    assert.equal(otherLabels(guessed, guessed, 10), null);
  });

  it('are found where a model has more classes than the images', () => {
    // A background class goes before the others, and most classes have no image.
    const shifted = { labels, predicted: model((label) => label).map((label) => label + 1) };
    const found = otherLabels(shifted, shifted, 1001)!;
    assert.deepEqual(
      found.classes.filter(({ data }) => data < 10),
      Array.from({ length: 10 }, (_, data) => ({ data, model: data + 1 })),
    );
    assert.equal(new Set(found.classes.map((one) => one.model)).size, found.classes.length);
  });
});
