import assert from 'node:assert/strict';
import { closeBrowser } from '../../harness/chromium-browser';
import { waitFor } from '../../harness/poll';
import { openPage, seriousIssues, type OpenPage } from '../open-page';
import { THEMES, type Theme } from '../themes';

/** What test/webview/pages/grid.tsx offers. */
declare const grid: { events: string[]; drawn: number[]; control: { setFirst(row: number): void } };

const ROW_HEIGHT = 24;

describe('the grid of a page', function () {
  this.timeout(60_000);
  let open: OpenPage;

  beforeEach(async () => {
    open = await openPage('test/webview/pages/grid.tsx');
    await open.page.getByRole('row', { name: /^out 0/ }).waitFor();
  });
  afterEach(() => open.close());
  after(() => closeBrowser());

  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await open.page.keyboard.press(key);
  };
  /** aria-rowindex less the header: the row that has the focus, or null. */
  const focused = (): Promise<number | null> =>
    open.page.evaluate(() => {
      const row = document.activeElement?.getAttribute('aria-rowindex');
      return row === null || row === undefined ? null : Number(row) - 2;
    });
  const focusedBecomes = (row: number): Promise<unknown> =>
    waitFor(`row ${row} to have the focus`, async () => (await focused()) === row);
  const events = (): Promise<string[]> => open.page.evaluate(() => grid.events);
  const enter = async (): Promise<void> => {
    await open.page.getByRole('button', { name: 'before' }).focus();
    // Past the two headers that sort.
    await press('Tab', 'Tab', 'Tab');
    await focusedBecomes(0);
  };
  const selectedRows = (): Promise<string[]> =>
    open.page
      .locator('[role=row][aria-selected=true]')
      .evaluateAll((rows) =>
        rows.map((row) => row.getAttribute('data-row') ?? '').sort((a, b) => Number(a) - Number(b)),
      );

  for (const theme of Object.keys(THEMES) as Theme[]) {
    it(`has no violation of the policy and no serious fault of accessibility: ${theme}`, async () => {
      await open.setTheme(theme);
      assert.deepEqual(await open.faults(), []);
      assert.deepEqual(await seriousIssues(open.page), []);
    });
  }

  it('says how many rows there are and holds only those in sight', async () => {
    const table = open.page.getByRole('grid', { name: 'Neurons' });
    assert.equal(await table.getAttribute('aria-rowcount'), '4097');
    const rows = await table.getByRole('row').count();
    assert.ok(rows > 15 && rows < 40, `${rows} rows`);
  });

  it('draws, when it scrolls, the rows that come and no other', async () => {
    const scroll = async (top: number): Promise<number[]> => {
      await open.page.evaluate((y) => {
        grid.drawn.length = 0;
        const element = document.querySelector('.fp-grid');
        if (element) element.scrollTop = y;
      }, top);
      const last = String(Math.floor((top + 400) / ROW_HEIGHT));
      await open.page.locator(`[data-row="${last}"]`).waitFor();
      return await open.page.evaluate(() => grid.drawn);
    };
    const first = await scroll(10 * ROW_HEIGHT);
    assert.ok(first.length > 0 && first.length <= 12, `${first.length} rows drawn for ten that came`);
    const far = await scroll(3000 * ROW_HEIGHT);
    assert.ok(far.length > 0 && far.length <= 40, `${far.length} rows drawn for a screen`);
    await waitFor('the first row to be told', async () => (await events()).includes('first 3000'));
  });

  it('is one stop for Tab, and moves with the arrows, by pages and to its ends', async () => {
    await enter();
    await press('ArrowDown', 'ArrowDown', 'ArrowUp');
    await focusedBecomes(1);
    await press('PageDown');
    await focusedBecomes(15);
    await press('End');
    await focusedBecomes(4095);
    // The row stands in sight, below the header and above the lower edge.
    const inSight = await open.page.evaluate(() => {
      const row = document.activeElement?.getBoundingClientRect();
      const box = document.querySelector('.fp-grid')?.getBoundingClientRect();
      return row && box ? row.top >= box.top + 28 && row.bottom <= box.bottom : false;
    });
    assert.ok(inSight);
    await press('ArrowDown');
    await focusedBecomes(4095);
    await press('PageUp');
    await focusedBecomes(4081);
    await press('Home');
    await focusedBecomes(0);
    await press('Shift+Tab');
    assert.equal(await open.page.evaluate(() => document.activeElement?.textContent), 'Mean');
    assert.equal(await open.page.locator('[role=row][tabindex="0"]').count(), 1);
  });

  it('keeps the focus when its row is scrolled out of sight', async () => {
    await enter();
    await press('ArrowDown');
    await focusedBecomes(1);
    await open.page.getByRole('grid').evaluate((element) => (element.scrollTop = 50_000));
    await open.page.locator('[data-row="2090"]').waitFor();
    assert.equal(await focused(), 1);
    await press('ArrowDown');
    await focusedBecomes(2);
    await waitFor('the grid to scroll back', () =>
      open.page.getByRole('grid').evaluate((element) => element.scrollTop <= 48),
    );
  });

  it('selects with Space, extends with Shift and an arrow, activates with Enter', async () => {
    await enter();
    await press('ArrowDown', 'Space');
    await waitFor('a selected row', async () => (await selectedRows()).join() === '1');
    await press('Shift+ArrowDown');
    await focusedBecomes(2);
    await press('Shift+ArrowDown');
    await focusedBecomes(3);
    await waitFor('three selected rows', async () => (await selectedRows()).join() === '1,2,3');
    await press('Enter');
    assert.deepEqual(
      (await events()).filter((event) => /^(toggle|activate)/.test(event)),
      ['toggle 1 false 1', 'toggle 2 true 1', 'toggle 3 true 1', 'activate 3'],
    );
    await press('Space');
    await waitFor('the row to be out again', async () => (await selectedRows()).join() === '1,2');
  });

  it('takes clicks: a plain one goes there, the box or Ctrl toggles, Shift takes a range', async () => {
    const row = (n: number) => open.page.locator(`[data-row="${n}"]`);
    await row(2).click();
    await focusedBecomes(2);
    await row(5).locator('[data-column=select]').click();
    await waitFor('a selected row', async () => (await selectedRows()).join() === '5');
    await row(8).click({ modifiers: ['Shift'] });
    await waitFor('a range', async () => (await selectedRows()).join() === '5,6,7,8');
    await row(6).click({ modifiers: ['ControlOrMeta'] });
    await waitFor('one less', async () => (await selectedRows()).join() === '5,7,8');
    assert.deepEqual(
      (await events()).filter((event) => event.startsWith('activate')),
      ['activate 2'],
    );
  });

  it('sorts by its headers and says how', async () => {
    const header = open.page.getByRole('columnheader', { name: 'Neuron' });
    assert.equal(await header.getAttribute('aria-sort'), 'ascending');
    assert.equal(await open.page.getByRole('columnheader', { name: 'Mean' }).getAttribute('aria-sort'), 'none');
    assert.equal(await open.page.getByRole('columnheader', { name: 'Mask' }).getAttribute('aria-sort'), null);
    await header.getByRole('button').press('Enter');
    await waitFor('the other order', async () => (await header.getAttribute('aria-sort')) === 'descending');
    assert.match((await open.page.locator('[data-row="0"]').textContent()) ?? '', /4095/);
    assert.deepEqual(await events(), ['sort index']);
  });

  it('goes to the first row that it is given', async () => {
    await open.page.evaluate(() => grid.control.setFirst(2000));
    await open.page.locator('[data-row="2010"]').waitFor();
    assert.equal(await open.page.getByRole('grid').evaluate((element) => element.scrollTop), 2000 * ROW_HEIGHT);
    assert.ok(!(await events()).some((event) => event.startsWith('first')));
  });
});
