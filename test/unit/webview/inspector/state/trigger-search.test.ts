import assert from 'node:assert/strict';
import { SEARCHING } from '../../../../../webview/inspector/state/loader';
import { estimated, Page, settled, kinds } from '../support';

describe('a trigger that is searched for the inspector', () => {
  const searching = { title: SEARCHING, overall: 0.4 };

  it('is told when the search begins, and shows how far it is', async () => {
    const page = new Page();
    await page.init();
    const { id } = page.asked('open');
    for (const overall of [0, 0.4]) await page.send({ type: 'progress', id, title: SEARCHING, overall });
    assert.deepEqual(page.view.busy.main, searching);
    assert.deepEqual(page.said, ['Searching for a trigger for each class.'], 'once');
    await page.open(estimated());
    assert.equal(page.view.overview?.trigger?.kind, 'inverted');
  });

  it('can be left alone before anything is shown, and searched again', async () => {
    const page = new Page();
    await page.init();
    const { id } = page.asked('open');
    await page.send({ type: 'progress', id, ...searching });
    page.controller.cancel();
    await settled();
    assert.deepEqual(page.posts.at(-1), { type: 'cancel', id });
    assert.deepEqual([page.view.failed.main?.kind, page.view.busy.main], ['cancelled', null]);
    assert.deepEqual(kinds(page), []);
    page.controller.retry('main');
    await settled();
    await page.open(estimated());
    assert.equal(page.view.failed.main, null);
  });

  it('can be left alone while an older one is shown, which stays', async () => {
    const page = new Page();
    await page.init();
    await page.open(estimated());
    page.controller.refresh();
    await settled();
    page.controller.cancel();
    await settled();
    assert.deepEqual(
      [page.view.notice, page.view.failed.main, page.view.layer?.layer],
      [{ kind: 'changed' }, null, 'dense_1'],
    );
    assert.deepEqual(kinds(page), ['examples'], 'idle work goes on');
  });

  it('is not searched by a look at whether something has changed', async () => {
    const page = new Page();
    await page.init();
    assert.deepEqual(page.asked('open').query, { kind: 'open' });
    await page.open(estimated());
    await page.send({ type: 'changed' });
    assert.deepEqual(page.asked('open').query, { kind: 'open', search: false });
    await page.answer(estimated({ fingerprint: 'f2', trigger: null, search: null }));
    assert.deepEqual([page.view.notice, page.view.overview?.trigger?.kind], [{ kind: 'changed' }, 'inverted']);
  });
});
