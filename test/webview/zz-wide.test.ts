import { attackedConfig, ATTACKED_TARGET } from '../engine/attacked-model';
import { subjectOf } from '../engine/inspect-support';
import { closeBrowser } from '../harness/chromium-browser';
import { InspectorHost } from './inspector-host';
describe('wide', function () {
  this.timeout(300_000);
  after(closeBrowser);
  it('x', async () => {
    process.env.FINE_PRUNE_CACHE = '/tmp/exp/small-cache';
    for (const config of [attackedConfig('/tmp/exp/small-0.1', 'small', 'inverted', { prune: { rule: 'triggered-difference' }, gates: { maxAttackSuccessRate: 0.3, maxAccuracyDrop: 0.3 } }), attackedConfig('/tmp/exp/small-0.1', 'described', { kind: 'patch', target: ATTACKED_TARGET })]) {
      const host = await InspectorHost.open(subjectOf(config, 'wasm'), { width: 400 });
      await host.page.locator('#scan-title').waitFor({ timeout: 120_000 });
      await host.page.waitForFunction(() => !/Looking for/.test(document.body.textContent ?? ''), undefined, { timeout: 60_000 });
      for (const open of [false, true]) {
        await host.page.evaluate((o) => document.querySelectorAll('details').forEach((d) => (d.open = o)), open);
        console.log(open, await host.page.evaluate(() => [document.documentElement.scrollWidth, ...Array.from(document.querySelectorAll('#app *')).filter((e) => e.getBoundingClientRect().right > 400).map((e) => `${e.tagName}.${e.getAttribute('class')} ${Math.round(e.getBoundingClientRect().right)} ${(e.textContent ?? '').slice(0, 40)}`)].slice(0, 40).join('\n')));
      }
      await host.page.screenshot({ path: '/tmp/shots-i/w400.png', fullPage: false });
      await host.close();
    }
  });
});
