import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { mendOutputs } from '../../../../../server/engine/files/output/mend';
import { failureOf, temporaryFolder } from '../../../../harness/files';

const FILES = ['m.defended/deep/weights.bin', 'm.defended/model.json', 'm.defense.json', 'm.defense.md'];

/** All points take two minutes on a busy machine; `npm run kill` takes them all. Of the others, the suite takes every sixth. */
const isTaken = (line: string): boolean =>
  process.env['FINE_PRUNE_KILL'] === 'all' || /rename|unlink/.test(line) || parseInt(line) % 6 === 0;

describe('writing that is killed', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let script: string;
  let out: string;
  let log: string;
  beforeEach(() => {
    script = path.join(folder.path, 'writer.cjs');
    buildSync({ entryPoints: ['test/kill/writer.ts'], bundle: true, platform: 'node', outfile: script });
    out = path.join(folder.path, 'out');
    log = path.join(folder.path, 'log');
  });

  /** A real process, killed in front of its n-th operation. @returns whether it came to its end */
  function writes(how: string, version: number, killAt = 0): boolean {
    writeFileSync(log, '');
    const { signal, status, stderr } = spawnSync(
      process.execPath,
      ['--require', path.resolve('test/kill/killer.cjs'), script, how, out, String(version)],
      {
        encoding: 'utf8',
        env: { ...process.env, KILL_WHO: 'cli', KILL_IN: out, KILL_AT: String(killAt), KILL_LOG: log },
      },
    );
    assert.ok(signal === 'SIGKILL' || status === 0, stderr);
    return signal === null;
  }
  const reached = (): string[] => readFileSync(log, 'utf8').trim().split('\n');
  const versionOf = (file: string): string | null => {
    const text = existsSync(path.join(out, file)) ? readFileSync(path.join(out, file), 'utf8') : null;
    if (text === null) return null;
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, 1_000, `${file} is whole`);
    assert.equal(new Set(lines).size, 1, `${file} is of one version`);
    return lines[0]!.split(' ')[1]!;
  };
  const versions = (): (string | null)[] => FILES.map(versionOf);

  for (const before of ['nothing', 'an older version'] as const) {
    it(`at any operation, over ${before}: all old or all new after mending, and nothing left over`, async () => {
      const base = path.join(folder.path, 'base');
      mkdirSync(out);
      if (before !== 'nothing') assert.ok(writes('together', 1));
      cpSync(out, base, { recursive: true });
      const old = before === 'nothing' ? null : '1';
      assert.ok(writes('together', 2));
      const all = reached();
      assert.ok(all.length > 25, `${all.length} points`);
      const points = all.filter(isTaken).map((line) => parseInt(line));
      let replaced = 0;
      for (const at of points) {
        rmSync(out, { recursive: true });
        cpSync(base, out, { recursive: true });
        assert.ok(!writes('together', 2, at), `killed at ${at} of ${all.length}`);
        const where = reached().at(-1)!;
        for (const version of versions()) assert.ok([null, old, '2'].includes(version), where);
        // The report itself is never missing: it is replaced in one step.
        if (old) assert.ok(versionOf('m.defense.json'), where);
        const mended = await mendOutputs(out, 'm');
        const now = versions();
        assert.equal(new Set(now).size, 1, `${where}: ${now.join()}`);
        assert.ok(now[0] === '2' || now[0] === old, where);
        if (mended.length > 0) assert.equal(now[0], '2', where);
        assert.deepEqual(
          readdirSync(out).filter((name) => name.startsWith('.')),
          [],
          where,
        );
        if (now[0] === '2') replaced++;
        assert.deepEqual(await mendOutputs(out, 'm'), [], 'mended once');
      }
      assert.ok(replaced > 0 && replaced < points.length, `${replaced} of ${points.length}`);
    });
  }

  it('while it mends what another one has left', async () => {
    mkdirSync(out);
    writes('together', 1);
    writes('together', 2);
    const commit = reached().findIndex((line) => / rename .*journal\.json$/.test(line)) + 2;
    assert.ok(!writes('together', 2, commit));
    const step = process.env['FINE_PRUNE_KILL'] === 'all' ? 1 : 4;
    for (let at = 1; ; at += step) {
      const ended = writes('together', 3, at);
      const now = versions();
      assert.ok(now.filter((version) => version === null).length <= 2, 'at most the model is on its way');
      if (ended) break;
      assert.ok(at < 300);
    }
    assert.deepEqual(new Set(versions()), new Set(['3']));
    assert.deepEqual(readdirSync(out).sort(), ['m.defended', 'm.defense.json', 'm.defense.md']);
  });

  for (const how of ['one', 'once']) {
    it(`a single file, written ${how === 'one' ? 'over an older one' : 'where none is'}: whole, and the next time leaves nothing`, () => {
      mkdirSync(out);
      if (how === 'one') writes('one', 1);
      const step = process.env['FINE_PRUNE_KILL'] === 'all' ? 1 : 2;
      for (let at = 1; ; at += step) {
        assert.ok(at < 40);
        if (how === 'once') rmSync(path.join(out, 'm.json'), { force: true });
        const ended = writes(how, 2, at);
        versionOf('m.json');
        if (how === 'one') assert.ok(existsSync(path.join(out, 'm.json')));
        if (ended) break;
      }
      assert.deepEqual(readdirSync(out), ['m.json']);
      assert.equal(versionOf('m.json'), '2');
    });
  }

  it('does not take up what it has not left itself: a copy, or what came with a repository', async () => {
    mkdirSync(out);
    writes('together', 1);
    writes('together', 2);
    const commit = reached().findIndex((line) => / rename .*journal\.json$/.test(line)) + 2;
    writes('together', 2, commit);
    const copy = path.join(folder.path, 'copy');
    cpSync(out, copy, { recursive: true });
    const before = readdirSync(copy, { recursive: true }).sort();
    await failureOf('output.leftOver', () => mendOutputs(copy, 'm'));
    assert.deepEqual(readdirSync(copy, { recursive: true }).sort(), before);
  });
});
