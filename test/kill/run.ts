import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../../server/engine/data/random';
import { built } from '../harness/built';
import { Chain, type Who } from './chain';

// npm run kill [-- --points N --seed N]: kills the real command line and its engine with SIGKILL at N operations of the write phase, some of
// each process, and then the writing functions at every operation.
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { points: { type: 'string' }, seed: { type: 'string' } } });
  const [points, seed] = [Number(values.points ?? 60), Number(values.seed ?? 1)];
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'fp-kill-')));
  try {
    const chain = await Chain.begin(built('cli'), folder);
    const counts = await chain.whole();
    const random = randomStream(seed, 'kill');
    const whos: readonly Who[] = ['engine', 'both', 'cli'];
    for (let i = 0; i < points; i++) {
      const who = whos[i % whos.length]!;
      const { at } = await chain.kill(who, 1 + random.integer(counts[who === 'cli' ? 'cli' : 'engine']));
      console.log(`${i + 1}/${points} ${who}: ${at}`);
    }
    await chain.whole();
    console.log(`${points} kills: nothing lost, nothing untrue said, no temporary file left`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/mocha/bin/mocha.js', 'test/unit/engine/files/output/kill.test.ts', '--timeout', '1200000'],
    { stdio: 'inherit', env: { ...process.env, FINE_PRUNE_KILL: 'all' } },
  );
  process.exitCode = status ?? 1;
}

void main();
