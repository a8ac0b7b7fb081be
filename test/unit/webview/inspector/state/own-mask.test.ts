import assert from 'node:assert/strict';
import { CRASHED, maskData, Page, settled, kinds } from '../support';

describe('the inspector’s mask of selected units', () => {
  async function opened(): Promise<Page> {
    const page = new Page();
    await page.init();
    await page.open();
    return page;
  }

  it('is asked for once a frame, and only its newest state is answered', async () => {
    const page = await opened();
    page.controller.toggle(7);
    page.controller.toggle(3);
    await settled();
    assert.deepEqual([[...page.asked('mask').query.units], page.asked('mask').query.scope], [[3, 7], 'quick']);
    page.controller.toggle(3);
    await settled();
    assert.deepEqual([...page.asked('mask').query.units], [7]);
    await page.answer(maskData({ units: 1 }));
    assert.equal(page.view.mask?.units, 1);
    page.controller.pruneSelected();
    assert.deepEqual(page.posts.at(-1), { type: 'prune-units', layer: 'dense_1', units: [7] });
  });

  it('is refined on all images where it rests on a subset, and shows the first answer meanwhile', async () => {
    const page = await opened();
    page.controller.add([3, 7]);
    await settled();
    await page.answer(maskData({ subset: true }));
    const refining = page.asked('mask');
    assert.equal(refining.query.scope, 'full');
    assert.equal(page.view.mask?.subset, true);
    await page.send({ type: 'progress', id: refining.id, title: 'Measuring', overall: 0.5 });
    assert.equal(page.view.refining?.overall, 0.5);
    await page.answer(maskData());
    assert.deepEqual([page.view.mask?.subset, page.view.refining], [false, null]);
  });

  it('is gone when nothing is selected, and so is its question', async () => {
    const page = await opened();
    page.controller.add([3]);
    await settled();
    page.controller.clear();
    await settled();
    assert.equal(kinds(page).includes('mask'), false);
    assert.deepEqual([page.view.mask, page.view.busy.mask], [null, null]);
    const before = page.posts.length;
    page.controller.pruneSelected();
    assert.equal(page.posts.length, before);
  });

  it('asks again after a failure', async () => {
    const page = await opened();
    page.controller.add([3]);
    await settled();
    await page.refuse('mask', CRASHED);
    assert.deepEqual(page.view.failed.mask, CRASHED);
    page.controller.retry('mask');
    await settled();
    assert.equal(page.view.failed.mask, null);
    await page.answer(maskData());
    assert.equal(page.view.mask?.units, 2);
  });
});
