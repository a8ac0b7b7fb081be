import assert from 'node:assert/strict';
import type { Example } from '../../../../../server/protocol/messages/inspect';
import { unitTable } from '../../../../../webview/inspector/state/table';
import { ranks, sorted } from '../../../../../webview/inspector/state/units';
import {
  aligned,
  curveBasis,
  countText,
  curveFigures,
  failureText,
  fateOf,
  fatesText,
  faultyPlace,
  fileName,
  estimateText,
  isEstimated,
  maskBasis,
  maskedRate,
  maskSummary,
  maskText,
  measuredText,
  pathText,
  rateText,
  shortShare,
  subsetText,
  whyNoAfter,
} from '../../../../../webview/inspector/words/words';
import { CRASHED, estimated, layerData, maskData, overview, rate, SEARCH } from '../support';
import { pointsChange } from '../../../../../server/protocol/words';

describe('the inspector’s words', () => {
  it('write a rate beside its change to two decimals, and never none or all for what is neither', () => {
    assert.equal(rateText(0.9887), '98.87 %');
    assert.equal(rateText(0.5), '50.00 %');
    assert.equal(rateText(0), '0.00 %');
    assert.equal(rateText(1), '100.00 %');
    assert.equal(rateText(1e-5), '0.001 %');
    assert.equal(rateText(0.99999), '99.999 %');
    assert.deepEqual([0.0012, -0.034, 0.00001, -0.00001, 0].map(pointsChange), ['+0.12', '−3.40', '±0', '±0', '±0']);
  });

  it('read a point of the curve against its beginning', () => {
    const data = layerData();
    assert.deepEqual(curveFigures(data, 0), {
      clean: 0.99,
      cleanChange: 0,
      attack: 1,
      attackChange: 0,
      base: 0.0625,
      baseChange: 0,
    });
    const { clean, cleanChange, attack, attackChange } = curveFigures(data, 3);
    assert.deepEqual(
      [rateText(clean), pointsChange(cleanChange), rateText(attack!), pointsChange(attackChange!)],
      ['98.00 %', '−1.00', '10.00 %', '−90.00'],
    );
    assert.deepEqual([curveFigures(data, 3).base, curveFigures(data, 3).baseChange], [0.125, 0.0625]);
    const bare = layerData({ curve: { ...data.curve, successful: null, base: null, triggeredImages: null } });
    assert.deepEqual(
      [
        curveFigures(bare, 3).attack,
        curveFigures(bare, 3).attackChange,
        curveFigures(bare, 3).base,
        curveFigures(bare, 3).baseChange,
      ],
      [null, null, null, null],
    );
    assert.equal(countText(3, data), '3 of 10 neurons pruned (30 %)');
    assert.equal(countText(1, { units: 1, layerKind: 'Conv2D' }), '1 of 1 channel pruned (100 %)');
  });

  it('say what an own mask does, and on how many images', () => {
    assert.equal(
      maskText(maskData(), 'neuron'),
      '2 neurons pruned: clean accuracy 98.50 % (−0.50), attack success rate 1.00 % (−98.78), base rate (no trigger) 2.00 % (+1.00); before fine-tuning.',
    );
    const none = { attackSuccessRate: null, baseRate: null };
    const bare = maskData({
      units: 1,
      masked: { ...maskData().masked, ...none },
      unmasked: { ...maskData().unmasked, ...none },
    });
    assert.equal(maskText(bare, 'channel'), '1 channel pruned: clean accuracy 98.50 % (−0.50); before fine-tuning.');
    assert.equal(maskedRate(rate(485, 500), rate(495, 500), true), '97.00 % (−2.00, 95 % interval 95.00 % to 99.00 %)');
    assert.equal(maskBasis(maskData(), 1000, null), null);
    const subset = maskData({ subset: true, masked: { ...maskData().masked, cleanAccuracy: rate(490, 500) } });
    assert.equal(maskBasis(subset, 10_000, null), 'On 500 of 10,000 clean images');
    assert.equal(maskBasis(subset, 10_000, { overall: 0.25 }), 'On 500 of 10,000 clean images, refining … 25 %');
  });

  it('say what was measured, and where that was not all', () => {
    assert.equal(measuredText(overview()), '1,000 clean and 900 triggered images');
    assert.equal(
      measuredText(
        overview({ trigger: null, images: { ...overview().images, analysisRole: 'holdout', triggered: null } }),
      ),
      '1,000 clean held-out images',
    );
    assert.equal(subsetText(layerData()), null);
    assert.match(
      subsetText(layerData({ images: { analysed: 2000, available: 10_000 } }))!,
      /too large .* on 2,000 of 10,000 clean images, drawn/,
    );
    assert.equal(curveBasis(layerData()), null);
    assert.match(
      curveBasis(layerData({ curve: { ...layerData().curve, subset: true } }))!,
      /^On 1,000 clean and 900 triggered images/,
    );
  });

  it('say of everything that is on an estimated trigger that it is', () => {
    assert.equal(isEstimated(overview()), false);
    assert.equal(isEstimated(overview({ trigger: null })), false);
    assert.equal(isEstimated(estimated()), true);
    assert.equal(measuredText(estimated()), '1,000 clean images and 900 with the estimated trigger');
    assert.match(maskText(maskData(), 'neuron', true), /, attack success rate \(estimated trigger\) 1\.00 % /);
    assert.match(
      maskSummary(maskData(), true),
      /attack success rate \(estimated trigger\) 1\.00 %, base rate \(no trigger\) 2\.00 %\.$/,
    );
    assert.equal(
      estimateText(estimated()),
      'Class 0: a mask of 4.2 pixels sends 98 % of other images to it. Every figure with the trigger uses this estimate.',
    );
    const named = estimated({
      search: { ...SEARCH, word: 'nothing found', taken: { ...SEARCH.taken!, flagged: false } },
    });
    assert.match(estimateText(named), /named in the config; the scan does not find it suspicious\.$/);
    const example: Example = {
      index: 1,
      label: 7,
      clean: new Uint8Array(),
      triggered: new Uint8Array(),
      before: { clean: 7, triggered: 0 },
      after: null,
    };
    assert.equal(pathText(example, true), 'class 7, classified as 0 with the estimated trigger');
    const data = layerData();
    const order = sorted(data, { by: 'difference', descending: true });
    assert.deepEqual(
      unitTable(data, order, ranks(data.order), true)
        .columns.map(({ label }) => label)
        .filter((label) => /estimated/.test(label)),
      ['triggered mean (estimated trigger)', 'triggered fires (estimated trigger)', 'difference (estimated trigger)'],
    );
  });

  it('tell what became of an example', () => {
    const example = (label: number, before: number, after: number | null): Example => ({
      index: 1,
      label,
      clean: new Uint8Array(),
      triggered: new Uint8Array(),
      before: { clean: label, triggered: before },
      after: after === null ? null : { clean: label, triggered: after },
    });
    assert.equal(fateOf(example(7, 0, null), 0), 'attacked');
    assert.equal(fateOf(example(7, 7, null), 0), 'resisted');
    assert.equal(fateOf(example(7, 4, null), 0), 'changed');
    assert.equal(fateOf(example(7, 0, 7), 0), 'recovered');
    assert.equal(fateOf(example(7, 0, 0), 0), 'still attacked');
    assert.equal(fateOf(example(7, 0, 4), 0), 'changed');
    assert.equal(fateOf(example(7, 7, 7), 0), 'resisted');
    assert.equal(pathText(example(7, 0, 7)), 'class 7, classified as 0 with the trigger, as 7 after the defense');
    assert.equal(
      fatesText([example(7, 0, 0), example(7, 0, 7), example(2, 0, 2)], 0),
      'Of these 3: 2 recovered, 1 still attacked.',
    );
    assert.equal(fatesText([example(7, 0, null), example(2, 0, null)], 0), 'All 2 attacked.');
  });

  it('name a fault, its place where it is the person’s, and why there is no After', () => {
    const theirs = {
      kind: 'input',
      code: 'model.missing',
      message: 'It is not there.',
      todo: 'Put it there.',
      file: '/m.json',
      place: '/model',
    } as const;
    assert.equal(failureText(theirs), 'It is not there. Put it there.');
    assert.equal(faultyPlace(theirs), '/m.json, /model');
    assert.equal(faultyPlace({ ...CRASHED, file: '/m.json' }), null);
    const report = {
      verdict: { word: 'mitigated', sentence: '' },
      changed: [],
      layer: 'dense_1',
      pruned: [],
      after: true,
    };
    assert.equal(whyNoAfter(report), null);
    assert.match(whyNoAfter({ ...report, after: false })!, /is missing/);
    assert.match(whyNoAfter(null)!, /no report yet/);
  });

  it('line up the numbers of a column, and hide nothing that is not zero', () => {
    const text = aligned(5.9);
    assert.deepEqual([4.697, 0.6342, 0, -1.5, 0.0001].map(text), ['4.697', '0.634', '0', '−1.500', '0.0001']);
    assert.equal(aligned(1234)(56.78), '57');
    assert.equal(aligned(0.05)(0.04321), '0.04321');
    assert.deepEqual([0, 1, 0.574, 0.9996, 0.9899, 0.0006].map(shortShare), ['0', '100', '57', '99.9', '99', '0.06']);
  });

  it('make names of layers fit for files', () => {
    assert.equal(fileName('block/dense 1', 'neuron', 7), 'block-dense-1-neuron-7');
    assert.match(fileName('/x'.repeat(100)), /^[\w-]{1,100}$/);
  });
});
