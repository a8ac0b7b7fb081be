import assert from 'node:assert/strict';
import type { ReportState } from '../../../../../server/protocol/messages/inspect';
import { plannedOrder, planName, planned, planText } from '../../../../../webview/inspector/state/plan';
import { maskFigures, rateText } from '../../../../../webview/inspector/words/words';
import { CRASHED, layerData, maskData, overview, Page, rate, settled, unitData } from '../support';
import { pointsChange } from '../../../../../server/protocol/words';

const NAMED = { ratio: null, rule: 'clean-mean', guide: null, units: [3, 7] } as const;
const AUTO = { ratio: 'auto', rule: 'clean-mean', guide: null, units: null } as const;
const named = (units: readonly number[] = NAMED.units) => overview({ prune: { ...NAMED, units: [...units] } });
const ran = (pruned: number[], change: Partial<ReportState> = {}): ReportState => ({
  verdict: { word: 'mitigated', sentence: '' },
  changed: [],
  layer: 'dense_1',
  pruned,
  after: true,
  ...change,
});

describe('what the config prunes, as the inspector shows it', () => {
  // The order of the rule: 2, 5, 7, 3, 0, 6, 1, 8, 4, 9; the curve has points at 0, 1, 2, 3, 5, 8 and 10.
  const layer = layerData();
  const limit = { limit: { pruned: 3, heldOut: { images: 500, correctBefore: 490, correct: 486 } }, smallest: null };

  it('is the units that it names, on its own layer alone', () => {
    assert.deepEqual(planned(named(), layer), { count: 2, units: [3, 7], source: 'named' });
    assert.deepEqual(planned(named(), layerData({ layer: 'conv2d_1' })), {
      count: 2,
      units: null,
      source: 'reference',
    });
    assert.deepEqual(
      planned(overview({ prune: { ...NAMED, units: [1, 2] }, chosen: 'conv2d_1' }), layerData({ layer: 'conv2d_1' }))
        .units,
      [1, 2],
    );
    assert.deepEqual(planned(named([3, 7, 10]), layer), { count: 2, units: [3, 7], source: 'named' });
  });

  it('is exactly as many as its ratio says, measured by themselves where the curve has no point there', () => {
    assert.deepEqual(planned(overview(), layer), { count: 2, units: null, source: 'ratio' });
    assert.deepEqual(planned(overview({ prune: { ...NAMED, ratio: 0.4, units: null } }), layer), {
      count: 4,
      units: [2, 3, 5, 7],
      source: 'ratio',
    });
  });

  it('is what its report says where a run chooses, as long as that holds', () => {
    for (const config of [
      overview({ prune: AUTO }),
      overview({ prune: { ...AUTO, rule: 'triggered-difference', guide: 'estimated' }, strategy: 'guided' }),
    ]) {
      assert.deepEqual(planned({ ...config, report: ran([7, 3]) }, layer), {
        count: 2,
        units: [3, 7],
        source: 'report',
      });
      assert.deepEqual(
        planned({ ...config, report: ran([5, 2]) }, layer),
        { count: 2, units: null, source: 'report' },
        'the first in the order: the curve has them',
      );
      assert.deepEqual(
        planned({ ...config, report: ran([7, 3, 2, 5]) }, layer).units,
        [2, 3, 5, 7],
        'the curve has no point there',
      );
      assert.deepEqual(planned({ ...config, report: ran([]) }, layer), { count: 0, units: null, source: 'report' });
      assert.equal(planned({ ...config, report: ran([7, 3], { changed: ['the model'] }) }, layer).source, 'reference');
      assert.equal(planned({ ...config, report: ran([7, 3], { layer: 'conv2d_1' }) }, layer).source, 'reference');
    }
    assert.equal(
      planned(overview({ report: ran([7, 3]) }), layer).source,
      'ratio',
      'the config decides, whatever a run pruned',
    );
  });

  it('is what "auto" would choose on held-out images where there is no run', () => {
    assert.deepEqual(planned(overview({ prune: AUTO }), layer, limit), { count: 3, units: null, source: 'limit' });
    assert.deepEqual(planned(overview({ prune: AUTO }), layer), { count: 2, units: null, source: 'reference' });
    assert.equal(
      planned(overview({ prune: AUTO, strategy: 'guided' }), layer, limit).source,
      'reference',
      'a strategy chooses otherwise',
    );
    assert.equal(planned(overview({ prune: AUTO }), layerData({ state: 'after' }), limit).source, 'reference');
    const guided = overview({ prune: { ...AUTO, rule: 'triggered-difference', guide: 'known' } });
    assert.equal(planned(guided, layer, limit).source, 'reference', 'the fewest within the gate are not known');
    assert.equal(
      planned(guided, layer, {
        limit: null,
        smallest: { pruned: 5, heldOut: { images: 1, triggeredImages: 1, successful: 0, correct: 1 } },
      }).count,
      5,
    );
  });

  it('is marked before all others', () => {
    assert.equal(plannedOrder(layer.order, null), layer.order);
    assert.deepEqual([...plannedOrder(layer.order, [3, 7])], [3, 7, 2, 5, 0, 6, 1, 8, 4, 9]);
  });

  it('is said in a sentence', () => {
    const of = (view: ReturnType<typeof overview>, on = layer, known?: typeof limit): string =>
      planText(planned(view, on, known), view, on);
    assert.equal(
      of(named()),
      'The config names these 2 neurons: 3, 7. The curve follows the rule, so they are not on it.',
    );
    assert.match(of(named([4])), /^The config names this neuron: 4\./);
    assert.equal(
      of(named(), layerData({ layer: 'conv2d_1' })),
      'The config names 2 units of dense_1; this is 20 % of this layer.',
    );
    assert.equal(of(overview()), 'This is what the config prunes.');
    assert.equal(
      of(overview(), layerData({ layer: 'conv2d_1' })),
      'The config prunes dense_1; this is what its ratio would do here.',
    );
    assert.equal(of(overview({ prune: AUTO })), 'What "auto" chooses is not known yet; this is 20 %.');
    assert.equal(of(overview({ prune: AUTO }), layer, limit), 'This is what "auto" chooses, on held-out images.');
    assert.equal(
      of(overview({ prune: AUTO, strategy: 'guided' })),
      'What the strategy guided prunes is not known yet; this is 20 %.',
    );
    assert.equal(of(overview({ prune: AUTO, report: ran([7, 3]) })), 'This is what the last run chose.');
    assert.deepEqual(
      [named(), overview(), overview({ prune: AUTO })].map((view) => planName(planned(view, layer), layer)),
      ['the 2 neurons that the config names', 'what the config prunes: 2 neurons', '20 %: 2 neurons'],
    );
  });

  it('has the figures of a mask, with what it changed', () => {
    const { clean, cleanChange, attack, attackChange } = maskFigures(maskData());
    assert.deepEqual(
      [rateText(clean), pointsChange(cleanChange), rateText(attack!), pointsChange(attackChange!)],
      ['98.50 %', '−0.50', '1.00 %', '−98.78'],
    );
    const none = { attackSuccessRate: null, baseRate: null };
    const bare = maskData({ masked: { ...maskData().masked, ...none }, unmasked: { ...maskData().unmasked, ...none } });
    assert.deepEqual([maskFigures(bare).attack, maskFigures(bare).attackChange], [null, null]);
  });
});

describe('the inspector’s page, of a config that names units', () => {
  const masks = (page: Page) =>
    page.waiting
      .filter(({ query }) => query.kind === 'mask')
      .map(({ id, query }) => ({ id, query: query as Extract<typeof query, { kind: 'mask' }> }));
  const opened = async (look = named()): Promise<Page> => {
    const page = new Page();
    await page.init();
    await page.answer(look);
    await page.answer(layerData());
    return page;
  };

  it('has exactly these measured, before anything else of the layer', async () => {
    const page = await opened();
    assert.deepEqual(
      page.waiting.map(({ query }) => query.kind),
      ['mask', 'unit'],
    );
    assert.deepEqual([[...masks(page)[0]!.query.units], masks(page)[0]!.query.scope], [[3, 7], 'quick']);
    assert.deepEqual([page.view.planned?.units, page.view.planned?.data], [[3, 7], null]);
    await page.answer(maskData({ masked: { ...maskData().masked, cleanAccuracy: rate(935, 1000) } }));
    assert.equal(page.view.planned?.data?.masked.cleanAccuracy.rate, 0.935);
    assert.equal(page.view.mask, null, 'it is not the own mask');
    assert.ok(
      page.said.some((text) =>
        /^What the config prunes: clean accuracy 93\.50 %, attack success rate 1\.00 %, base rate \(no trigger\) 2\.00 %\.$/.test(
          text,
        ),
      ),
      page.said.join('|'),
    );
  });

  it('measures them beside an own mask, and on all images where the first answer rests on a subset', async () => {
    const page = await opened();
    page.controller.toggle(1);
    await settled();
    assert.deepEqual(
      masks(page).map(({ query }) => [...query.units]),
      [[3, 7], [1]],
    );
    await page.send({ type: 'answer', id: masks(page)[1]!.id, answer: maskData({ units: 1 }) });
    await page.send({ type: 'answer', id: masks(page)[0]!.id, answer: maskData({ subset: true }) });
    assert.deepEqual([page.view.mask?.units, page.view.planned?.data?.subset], [1, true]);
    await page.answer(unitData(7));
    const refined = page.posts
      .flatMap((post) => (post.type === 'query' && post.query.kind === 'mask' ? [post] : []))
      .at(-1)!;
    assert.deepEqual(
      [refined.query.kind === 'mask' && [...refined.query.units], refined.query.kind === 'mask' && refined.query.scope],
      [[3, 7], 'full'],
    );
    await page.send({ type: 'answer', id: refined.id, answer: maskData() });
    assert.equal(page.view.planned?.data?.subset, false);
  });

  it('writes no ratio for them: that would be other ones', async () => {
    const page = await opened();
    const before = page.posts.length;
    page.controller.useRatio();
    assert.equal(page.posts.length, before);
    page.controller.choosePoint(3);
    page.controller.useRatio();
    assert.deepEqual(page.posts.at(-1), { type: 'use-ratio', layer: 'dense_1', count: 3, units: 10 });
    page.controller.choosePlanned();
    assert.equal(page.view.choice.count, null);
  });

  it('shows other ones as soon as the config names them, and asks for none that it does not name', async () => {
    const page = await opened(overview());
    await page.answer(unitData(7));
    assert.deepEqual([masks(page), page.view.planned], [[], null]);
    page.controller.choosePoint(5);
    await page.send({ type: 'changed' });
    await page.answer(named([0, 9]));
    assert.equal(page.view.choice.count, null);
    assert.deepEqual(
      masks(page).map(({ query }) => [...query.units]),
      [[0, 9]],
    );
    await page.answer(maskData());
    await page.send({ type: 'changed' });
    await page.answer(named([0, 9]));
    assert.deepEqual(masks(page), [], 'what is known is not measured again');
    await page.send({ type: 'changed' });
    await page.answer(overview());
    assert.equal(page.view.planned, null);
  });

  it('says when they can’t be measured, and asks again', async () => {
    const page = await opened();
    await page.refuse('mask', CRASHED);
    assert.deepEqual(page.view.failed.planned, CRASHED);
    page.controller.retry('planned');
    await settled();
    assert.equal(page.view.failed.planned, null);
    await page.answer(maskData());
    assert.ok(page.view.planned?.data);
  });
});
