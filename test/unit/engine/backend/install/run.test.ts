import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failureLine, run } from '../../../../../server/engine/backend/install/run';
import { cacheOfTest } from '../support';

/** Waits for something that another process or task brings about. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited too long for: ${what}`);
    await delay(20);
  }
}

/** A zombie that its new parent has not collected yet has ended too. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a program that an installation runs', () => {
  const cache = cacheOfTest();

  it('ends a program together with the programs it started', async () => {
    const pidFile = path.join(cache.folder, 'pid');
    const stop = new AbortController();
    const running = run('sh', ['-c', `sleep 600 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`], {
      env: cache.env,
      signal: stop.signal,
    });
    const ended = assert.rejects(running, { name: 'AbortError' });
    await until('the pid of the inner program', () => existsSync(pidFile));
    stop.abort();
    await ended;
    const pid = Number(await readFile(pidFile, 'utf8'));
    await until('the inner program to end', () => !isRunning(pid));
  });

  it('picks the line that tells why a program failed', () => {
    const line = (stderr: string): string => failureLine({ code: 1, stdout: '', stderr, timedOut: false });
    assert.equal(
      line("throw er; // Unhandled 'error' event\n^\nError: connect refused\n  at x"),
      'Error: connect refused',
    );
    assert.equal(
      line('a.cc:3:10: fatal error: node_api.h: No such file\ncompilation terminated.'),
      'a.cc:3:10: fatal error: node_api.h: No such file',
    );
    assert.match(line(''), /code 1/);
  });
});
