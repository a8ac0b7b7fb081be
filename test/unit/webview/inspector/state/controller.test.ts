import assert from 'node:assert/strict';
import type { InspectorState } from '../../../../../server/protocol/messages/inspector-view';
import { waitFor } from '../../../../harness/poll';
import { CONFIG, CRASHED, layerData, overview, Page, settled, unitData, kinds } from '../support';

describe('the inspector’s page', () => {
  it('asks for what a person wants first: the layer without a click, then its unit, then the rest one by one', async () => {
    const page = new Page();
    assert.deepEqual(page.posts, [{ type: 'ready' }]);
    await page.init();
    assert.deepEqual(kinds(page), ['open']);
    await page.answer(overview());
    assert.deepEqual(page.asked('layer').query, {
      kind: 'layer',
      fingerprint: 'f1',
      layer: 'dense_1',
      state: 'before',
    });
    await page.answer(layerData());
    assert.equal(page.view.layer?.layer, 'dense_1');
    assert.equal(page.asked('unit').query.unit, 7, 'the unit that the trigger raises most');
    assert.deepEqual(kinds(page), ['unit']);
    await page.answer(unitData(7));
    assert.deepEqual(kinds(page), ['examples']);
    await page.answer({ kind: 'examples', target: 0, examples: [] });
    assert.deepEqual(kinds(page), ['limit']);
    await page.answer({ kind: 'limit', layer: 'dense_1', state: 'before', limit: null, smallest: null });
    assert.deepEqual(page.asked('scan').query, { kind: 'scan', fingerprint: 'f1' });
    await page.answer({ kind: 'scan', found: null });
    assert.equal(page.view.scan, null);
    assert.deepEqual(kinds(page), []);
    assert.deepEqual(Object.values(page.view.busy), [null, null, null, null, null]);
  });

  it('lets idle work wait for what a person wants, and takes it up again', async () => {
    const page = new Page();
    await page.init();
    await page.open();
    assert.deepEqual(kinds(page), ['examples']);
    page.controller.chooseUnit(3);
    await settled();
    assert.deepEqual(kinds(page), ['unit']);
    await page.answer(unitData(3));
    assert.equal(page.view.unit?.unit, 3);
    assert.deepEqual(kinds(page), ['examples']);
  });

  it('shows the newest unit alone when several are chosen at once', async () => {
    const page = new Page();
    await page.init();
    await page.open();
    page.controller.chooseUnit(1);
    page.controller.chooseUnit(2);
    await settled();
    assert.equal(page.asked('unit').query.unit, 2);
    await page.answer(unitData(2));
    assert.equal(page.view.unit?.unit, 2);
  });

  it('comes back as it was', async () => {
    const kept: InspectorState = {
      version: 1,
      configUri: CONFIG,
      layer: 'conv2d_1',
      state: 'before',
      unit: 2,
      sort: { by: 'clean', descending: false },
      count: 1,
      selected: [0, 3],
      row: 1,
    };
    const page = new Page(kept);
    await page.init();
    await page.answer(overview());
    assert.equal(page.asked('layer').query.layer, 'conv2d_1');
    await page.answer(layerData({ layer: 'conv2d_1', layerKind: 'Conv2D' }));
    assert.equal(page.asked('unit').query.unit, 2);
    assert.deepEqual([...page.asked('mask').query.units], [0, 3]);
    assert.deepEqual({ version: 1, configUri: CONFIG, ...page.view.choice }, kept);
    page.controller.choosePoint(3);
    await waitFor('the state to be kept', () => page.kept?.count === 3);
    assert.deepEqual(page.kept, { ...kept, count: 3 });
  });

  it('starts afresh for another config, or when its layer is gone', async () => {
    const kept: InspectorState = {
      version: 1,
      configUri: CONFIG,
      layer: 'gone',
      state: 'after',
      unit: 2,
      sort: { by: 'clean', descending: false },
      count: 1,
      selected: [0],
      row: 1,
    };
    const page = new Page(kept);
    await page.init();
    await page.answer(overview());
    assert.deepEqual([page.asked('layer').query.layer, page.asked('layer').query.state], ['dense_1', 'before']);
    await page.answer(layerData());
    assert.deepEqual([page.view.choice.unit, page.view.choice.selected], [7, []]);
    const other = new Page(kept);
    await other.init({ configUri: 'file:///other.fineprune.json' });
    assert.equal(other.view.choice.layer, null);
  });

  it('waits for trust, and goes on by itself', async () => {
    const page = new Page();
    await page.init({ trusted: false });
    await page.send({ type: 'changed' });
    assert.deepEqual(kinds(page), []);
    await page.send({ type: 'trusted' });
    assert.deepEqual(kinds(page), ['open']);
  });

  it('keeps the layer that is shown until the next one is there, and for good when that fails', async () => {
    const page = new Page();
    await page.init();
    await page.open();
    page.controller.chooseLayer('conv2d_1');
    await settled();
    assert.deepEqual(page.view.wanted, { layer: 'conv2d_1', state: 'before' });
    assert.equal(page.view.choice.layer, 'dense_1');
    await page.refuse('layer', CRASHED);
    assert.equal(page.view.wanted, null);
    assert.equal(page.view.choice.layer, 'dense_1');
    assert.deepEqual(page.view.failed.main, CRASHED);
    page.controller.chooseLayer('conv2d_1');
    await settled();
    await page.answer(layerData({ layer: 'conv2d_1', layerKind: 'Conv2D' }));
    assert.equal(page.view.failed.main, null);
    assert.equal(page.view.choice.layer, 'conv2d_1');
  });
});

describe('the inspector’s page, when files, settings or the engine change', () => {
  async function opened(): Promise<Page> {
    const page = new Page();
    await page.init();
    await page.open();
    return page;
  }

  it('takes a change of the ratio quietly: the slider follows it until the person has moved it', async () => {
    const page = await opened();
    await page.send({ type: 'changed' });
    await page.answer(overview({ prune: { ratio: 0.3, rule: 'clean-mean', guide: null, units: null } }));
    assert.equal(page.view.notice, null);
    page.controller.useRatio();
    assert.deepEqual(page.posts.at(-1), { type: 'use-ratio', layer: 'dense_1', count: 3, units: 10 });
    page.controller.choosePoint(1);
    page.controller.useRatio();
    assert.deepEqual(page.posts.at(-1), { type: 'use-ratio', layer: 'dense_1', count: 1, units: 10 });
  });

  it('offers Refresh when model, data or report are other ones, and then shows these', async () => {
    const page = await opened();
    await page.send({ type: 'changed' });
    await page.answer(overview({ fingerprint: 'f2' }));
    assert.deepEqual(page.view.notice, { kind: 'changed' });
    assert.equal(page.view.overview?.fingerprint, 'f1', 'nothing is shown anew before the person wants it');
    page.controller.refresh();
    await settled();
    await page.answer(overview({ fingerprint: 'f2' }));
    assert.equal(page.asked('layer').query.fingerprint, 'f2');
    await page.answer(layerData());
    assert.equal(page.view.notice, null);
  });

  it('says so too when the engine finds it out while it answers', async () => {
    const page = await opened();
    page.controller.chooseUnit(1);
    await settled();
    await page.refuse('unit', { kind: 'input', code: 'inspect.changed', message: 'Changed.' });
    assert.deepEqual([page.view.notice, page.view.failed.unit], [{ kind: 'changed' }, null]);
  });

  it('looks again by itself when the files change after they were refused', async () => {
    const page = new Page();
    await page.init();
    await page.refuse('open', { kind: 'input', code: 'model.missing', message: 'It is not there.' });
    assert.equal(page.view.failed.main?.code, 'model.missing');
    await page.send({ type: 'changed' });
    await page.open();
    assert.equal(page.view.failed.main, null);
    assert.equal(page.view.layer?.layer, 'dense_1');
  });

  it('looks at a change that comes while it loads when it has loaded', async () => {
    const page = new Page();
    await page.init();
    await page.send({ type: 'changed' });
    await page.answer(overview());
    await page.answer(layerData());
    assert.equal(kinds(page).includes('open'), true);
    await page.answer(overview({ fingerprint: 'f2' }));
    assert.deepEqual(page.view.notice, { kind: 'changed' });
  });

  it('starts an engine that ended again, says so, and gives up when it ends for ever', async () => {
    const page = await opened();
    await page.send({ type: 'engine-ended', failure: CRASHED });
    assert.deepEqual(page.view.notice, { kind: 'ended', failure: CRASHED });
    await page.answer(overview());
    await page.answer(layerData());
    assert.deepEqual(page.view.notice, { kind: 'back' });
    assert.deepEqual(
      [page.said.includes('The engine ended.'), page.said.includes('The engine is running again.')],
      [true, true],
    );
    for (let i = 0; i < 3; i++) await page.send({ type: 'engine-ended', failure: CRASHED });
    assert.deepEqual(page.view.failed.main, CRASHED);
    page.controller.retry('main');
    await settled();
    assert.equal(kinds(page).includes('open'), true);
  });

  it('does not wait for ever for an answer that could not be read', async () => {
    const page = new Page();
    await page.init();
    page.controller.dropped({ type: 'answer', id: page.asked('open').id, answer: 'rubbish' });
    await settled();
    assert.equal(page.view.failed.main?.code, 'inspect.badAnswer');
    page.controller.dropped(undefined);
  });
});

describe('a link to a unit in the inspector', () => {
  it('leads there when the page opens', async () => {
    const page = new Page();
    await page.init({ reveal: { layer: 'conv2d_1', unit: 2 } });
    await page.answer(overview());
    assert.equal(page.asked('layer').query.layer, 'conv2d_1');
    await page.answer(layerData({ layer: 'conv2d_1', layerKind: 'Conv2D' }));
    assert.deepEqual([page.view.choice.unit, page.view.arrivals], [2, 1]);
    assert.equal(page.asked('unit').query.unit, 2);
  });

  it('leads there while the page is open, in this layer or in another', async () => {
    const page = new Page();
    await page.init();
    await page.open();
    await page.send({ type: 'reveal', unit: 4 });
    assert.deepEqual([page.view.choice.unit, page.view.arrivals], [4, 1]);
    await page.answer(unitData(4));
    await page.send({ type: 'reveal', layer: 'conv2d_1', unit: 1 });
    await page.answer(layerData({ layer: 'conv2d_1', layerKind: 'Conv2D' }));
    assert.deepEqual([page.view.choice.unit, page.view.arrivals], [1, 2]);
  });

  it('leads nowhere when there is no such unit or layer', async () => {
    const page = new Page();
    await page.init();
    await page.open();
    await page.send({ type: 'reveal', unit: 400 });
    await page.send({ type: 'reveal', layer: 'gone', unit: 1 });
    assert.deepEqual([page.view.choice.unit, page.view.arrivals, page.view.choice.layer], [7, 0, 'dense_1']);
  });
});
