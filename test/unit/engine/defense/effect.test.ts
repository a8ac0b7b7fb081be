import assert from 'node:assert/strict';
import { decidingFigure, isWithin, judgeEffect, type EffectJudgement } from '../../../../server/engine/defense/effect';
import type { Stage } from '../../../../server/protocol/report/confusion';
import { others, right, stageOf, type Group } from '../../../fixtures/effect-stage';

const LIMIT = 0.05;

const judged = (groups: readonly Group[], target = 0, classes = 10): EffectJudgement =>
  judgeEffect(stageOf(groups, target, classes), { target }, LIMIT)!;
describe('the effect of a trigger', () => {
  it('is none where every image keeps its class', () => {
    const effect = judged(right(100));
    assert.equal(effect.fault, null);
    assert.ok(isWithin(effect));
    assert.equal(effect.netWrong, 0);
    assert.deepEqual([effect.target.by, effect.target.share, effect.baseRate!.hits], ['rate', 0, 0]);
  });

  it('is found on the named target, by its rate where the base rate is low', () => {
    // The demo after the recipe: 6 of 9,020 without the trigger, 8,258 with it.
    const groups = others(0).flatMap((c, i): Group[] => [
      [i < 6 ? 1 : 0, c, 0, 0],
      [917, c, c, 0],
      [i < 6 ? 84 : 85, c, c, c],
    ]);
    const effect = judged([...groups, [980, 0, 0, 0]]);
    assert.equal(effect.baseRate!.hits, 6);
    assert.equal(effect.fault, 'target');
    assert.equal(decidingFigure(effect).by, 'rate');
    assert.ok(decidingFigure(effect).share > 0.91);
  });

  it('passes a repaired model with 9 of 9,020', () => {
    const groups = others(0).flatMap((c): Group[] => [
      [1, c, c, 0],
      [1001, c, c, c],
    ]);
    assert.ok(isWithin(judged([...groups, [980, 0, 0, 0]])));
  });

  it('passes a model of half accuracy by its excess: 300 gained, 123 lost of 9,000', () => {
    const groups: Group[] = [
      [1000, 0, 0, 0],
      // 6.96 % of 9,000 are taken for class 0 without the trigger, 8.93 % with it.
      [503, 1, 0, 0],
      [123, 2, 0, 2],
      [300, 3, 3, 0],
      [497, 1, 1, 1],
      [877, 2, 2, 2],
      [700, 3, 3, 3],
      ...[4, 5, 6, 7, 8, 9].map((c): Group => [1000, c, c, c]),
    ];
    const effect = judged(groups);
    assert.equal(effect.baseRate!.rate, 0.069556);
    assert.equal(stageOf(groups, 0).attackSuccessRate!.rate, 0.089222);
    assert.deepEqual(
      [effect.target.by, effect.target.share, Number(effect.target.high.toFixed(3))],
      ['excess', 0.019667, 0.024],
    );
    // Class 3 as a source: 30 % of its images leave, which by itself is a fault.
    assert.equal(effect.fault, 'source class');
    assert.deepEqual([effect.flow!.source, effect.flow!.to, effect.flow!.share], [3, 0, 0.3]);
    const spread = groups
      .filter(([, label, without, to]) => !(label === 3 && without === 3 && to === 0))
      .concat([3, 4, 5].map((c): Group => [100, c, c, 0]));
    assert.ok(isWithin(judged(spread)));
  });

  it('is found on a class that nobody named', () => {
    // The trigger aims at class 4; the config says 0.
    const effect = judged(
      others(4)
        .map((c): Group => [300, c, c, 4])
        .concat([[300, 4, 4, 4]]),
    );
    assert.equal(effect.fault, 'other class');
    assert.deepEqual([effect.worst!.class, effect.worst!.of, effect.worst!.share], [4, 2700, 1]);
    assert.equal(effect.target.share, 0);
    assert.equal(decidingFigure(effect).class, 4);
    assert.equal(effect.netWrong, 0.9);
  });

  it('counts what the trigger does to images of the target class itself', () => {
    const effect = judged([...right(300, [0]), [300, 0, 0, 7]]);
    assert.equal(effect.worst!.class, 7);
    assert.equal(effect.worst!.share, 0.111111);
    assert.equal(effect.fault, 'other class');
  });

  it('is found on one source class that is sent elsewhere, below the limit of the whole', () => {
    const effect = judged([...right(300, [3], 10), [220, 3, 3, 3], [80, 3, 3, 8]]);
    assert.ok(effect.worst!.high <= LIMIT, `${effect.worst!.high}`);
    assert.equal(effect.fault, 'source class');
    assert.deepEqual([effect.flow!.source, effect.flow!.to], [3, 8]);
  });

  it('is found where the trigger only spoils, spread over the classes', () => {
    // Each image goes to one of nine other classes: no class gets much, all become wrong.
    const groups = Array.from({ length: 10 }, (_, c) => c).flatMap((c): Group[] =>
      others(c)
        .map((to): Group => [4, c, c, to])
        .concat([[164, c, c, c]]),
    );
    assert.equal(judged(groups).fault, null);
    const more = Array.from({ length: 10 }, (_, c) => c).flatMap((c): Group[] =>
      others(c)
        .map((to): Group => [13, c, c, to])
        .concat([[283, c, c, c]]),
    );
    const effect = judgeEffect(stageOf(more, 0), { target: 0 }, 0.1)!;
    assert.equal(effect.fault, 'wrong');
    assert.equal(effect.netWrong, 0.2925);
  });

  it('says how many images are needed where none that changed would be too few', () => {
    const few = judged(right(10));
    assert.deepEqual(few.tooFew, { class: 1, of: 90, needed: 147 });
    assert.ok(!isWithin(few));
    assert.equal(judged(right(17)).tooFew, null);
    // Two classes share no error: each other class is judged at 95 %.
    assert.equal(judged(right(73, [], 2), 0, 2).tooFew, null);
    assert.deepEqual(judged(right(70, [], 2), 0, 2).tooFew, { class: 0, of: 70, needed: 73 });
  });

  it('names source classes of fewer than 50 images as not judged', () => {
    assert.deepEqual(judged([...right(100, [2, 5]), [49, 2, 2, 2], [50, 5, 5, 5]]).notJudged, [2]);
  });

  it('judges reports of earlier versions, or with it taken out, by their matrices', () => {
    const { effect, ...earlier } = stageOf(
      others(4).map((c): Group => [300, c, c, 4]),
      0,
    );
    assert.ok(effect);
    const judgement = judgeEffect(earlier, { target: 0 }, LIMIT)!;
    assert.deepEqual(
      [judgement.fault, judgement.worst!.class, judgement.tooFew, judgement.baseRate],
      ['other class', 4, null, null],
    );
    const honest: Stage = { ...stageOf(right(300), 0) };
    delete honest.effect;
    assert.equal(judgeEffect(honest, { target: 0 }, LIMIT)!.fault, null);
  });

  it('gives the same for many classes, whose matrices are sparse', () => {
    const classes = 120;
    const groups = Array.from({ length: classes }, (_, c): Group => [10, c, c, c === 5 ? 5 : c % 2 === 0 ? 5 : c]);
    const stage = stageOf(groups, 0, classes);
    assert.equal(stage.confusion.triggered!.wrong.length, 59);
    const effect = judgeEffect(stage, { target: 0 }, LIMIT)!;
    assert.equal(effect.fault, 'other class');
    assert.deepEqual([effect.worst!.class, effect.worst!.of, effect.worst!.share], [5, 1190, 0.504202]);
  });
});
