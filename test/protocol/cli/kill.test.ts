import assert from 'node:assert/strict';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { Chain, type Killed, type Who } from '../../kill/chain';

describe('a run that is killed while it writes', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-kill-');
  after(() => temp.remove());

  it('loses nothing and says nothing untrue; the next one ends well and leaves nothing over', async () => {
    const chain = await Chain.begin(built('cli'), temp.dir);
    const counts = await chain.whole();
    assert.ok(counts.engine > 40 && counts.cli >= 8, JSON.stringify(counts));
    const killed: Killed[] = [];
    // In the middle of it, before and after the journal, at the end; `npm run kill` takes sixty others.
    for (const [who, share] of [
      ['engine', 0.3],
      ['both', 0.7],
      ['engine', 0.75],
      ['cli', 0.5],
      ['engine', 0.95],
    ] as [Who, number][])
      killed.push(await chain.kill(who, Math.round(share * counts[who === 'cli' ? 'cli' : 'engine'])));
    const said = killed.filter(({ who }) => who === 'engine').map((one) => /Nothing was written/.test(one.said));
    assert.deepEqual(said, [true, false, false], killed.map(({ at }) => at).join('\n'));
    await chain.whole();
  });
});
