import assert from 'node:assert/strict';
import { repairedReport } from '../../../../fixtures/repaired-report';
import { CRASHED, overview, Page, settled, kinds } from '../support';

describe('the scan that the inspector shows', () => {
  const idle = async (page: Page): Promise<void> => {
    await page.answer({ kind: 'examples', target: 0, examples: [] });
    await page.answer({ kind: 'limit', layer: 'dense_1', state: 'before', limit: null, smallest: null });
  };

  it('is asked again when files change, and drawn again only when it is another one', async () => {
    const page = new Page();
    await page.init();
    await page.open();
    await idle(page);
    await page.answer({ kind: 'scan', found: null });
    await page.send({ type: 'changed' });
    await page.answer(overview());
    const found = { source: 'file', file: 'net.scan.json', scan: repairedReport('known').scan! } as const;
    await page.answer({ kind: 'scan', found });
    assert.deepEqual(page.view.scan, found);
    const shown = page.view.scan;
    await page.send({ type: 'changed' });
    await page.answer(overview());
    await page.answer({ kind: 'scan', found: structuredClone(found) });
    assert.equal(page.view.scan, shown);
  });

  it('fails apart from the rest, and is asked again by the person', async () => {
    const page = new Page();
    await page.init();
    await page.open();
    await idle(page);
    await page.refuse('scan', CRASHED);
    assert.deepEqual(page.view.failed.scan, CRASHED);
    assert.deepEqual(kinds(page), []);
    page.controller.retry('scan');
    await settled();
    assert.deepEqual(kinds(page), ['scan']);
  });
});
