import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { built } from '../../../harness/built';
import { makeTempDir } from '../../../harness/processes';
import { start, type Finished } from '../../started';

const CLI = built('cli');
const ROOT = path.resolve(__dirname, '../../../..');
const REPORT = path.join(ROOT, 'test/fixtures/v0.1/known.defense.json');
const MODEL = path.join(ROOT, 'examples/mnist-badnets/model.json');
const CONFIG = path.join(ROOT, 'examples/mnist-badnets/mnist-badnets.fineprune.json');

/** An exit code is a command's answer: 1 says that a gate is missed, that a check failed or that a model is suspicious. */
describe('no accident gives an answer', function () {
  this.timeout(60_000);
  const temp = makeTempDir('fp-exit-');
  after(() => temp.remove());

  /** Runs a line of bash that sees the command line as `$FP`. @returns the exit codes of the first pipe */
  function bash(line: string): { codes: number[]; stderr: string } {
    const script = `${line}\necho "\${PIPESTATUS[@]}" >"$CODES"`;
    const codes = path.join(temp.dir, 'codes');
    const env = { ...process.env, CODES: codes, NODE: process.execPath, FP: CLI, REPORT, MODEL };
    const { stderr } = spawnSync('bash', ['-c', script], { env, encoding: 'utf8', cwd: temp.dir });
    const said = spawnSync('cat', [codes], { encoding: 'utf8' }).stdout;
    return { codes: said.trim().split(' ').map(Number), stderr };
  }

  const ANSWERS: [string, number][] = [
    ['report "$REPORT"', 0],
    ['report "$REPORT" --format json', 0],
    ['report "$REPORT" --format sarif', 0],
    ['compare "$REPORT" none', 0],
    ['textconv "$MODEL"', 0],
    ['textconv nowhere.json', 0],
    ['--help', 0],
    ['check --help', 0],
    ['engine status', 0],
    ['report nowhere', 2],
    ['run nowhere --json', 2],
    ['nonsense', 2],
    ['scan --nonsense --json', 2],
  ];
  for (const [command, answer] of ANSWERS) {
    it(`${command}: its answer, where nobody reads it; 2, where it can't be written`, () => {
      assert.equal(bash(`"$NODE" "$FP" ${command} 2>/dev/null | true`).codes[0], answer);
      assert.equal(bash(`"$NODE" "$FP" ${command} 2>&1 >/dev/null | true`).codes[0], answer);
      assert.equal(bash(`"$NODE" "$FP" ${command} >/dev/full 2>&1`).codes[0], 2);
    });
  }

  it('however the other end is closed', () => {
    const line = '"$NODE" "$FP" report "$REPORT" --format json';
    for (const rest of [
      '2>/dev/null | head -c 1',
      '2>/dev/null | (exec <&-; sleep 0.3)',
      '>&-',
      '2>&-',
      '>&- 2>&-',
      '<&-',
    ])
      assert.equal(bash(`${line} ${rest}`).codes[0], 0, rest);
    assert.equal(bash('"$NODE" "$FP" report nowhere 2>/dev/full').codes[0], 2);
  });

  it('says that what it printed did not arrive', () => {
    assert.match(
      bash('"$NODE" "$FP" report "$REPORT" >/dev/full').stderr,
      /can't be written to standard output: .*ENOSPC/,
    );
  });

  it('a check that failed says 1 whether anybody reads it or not', async () => {
    const report = path.join(temp.dir, 'alone.defense.json');
    await copyFile(REPORT, report);
    for (const reader of ['cat >/dev/null', 'true'])
      assert.equal(bash(`"$NODE" "$FP" check alone.defense.json 2>/dev/null | ${reader}`).codes[0], 1, reader);
  });

  /** Runs a command with a fault that is put into its process. */
  async function faulty(fault: string, ...args: string[]): Promise<Finished> {
    const file = path.join(temp.dir, 'fault.cjs');
    await writeFile(file, fault);
    return start(CLI, args, { cwd: temp.dir, env: { NODE_OPTIONS: `--require ${file}` } }).finished;
  }

  const FAULTS: [string, string][] = [
    ['throws where nobody catches', `setTimeout(() => { throw new Error('boom'); }, 30);`],
    ['rejects where nobody catches', `setTimeout(() => Promise.reject(new Error('boom')), 30);`],
    ['throws no error', `setTimeout(() => { throw null; }, 30);`],
    ['never answers', `require('node:fs/promises').realpath = () => new Promise(() => undefined);`],
    [
      'can not load what it needs',
      `require('node:module')._load = ((load) => (name, ...rest) => { if (name === 'node:child_process') throw new Error('boom'); return load(name, ...rest); })(require('node:module')._load);`,
    ],
  ];
  for (const [what, fault] of FAULTS) {
    it(`a process that ${what} exits with 3, and says so`, async () => {
      const slow = `${fault}; setTimeout(() => undefined, 200);`;
      for (const args of [
        ['report', REPORT],
        ['compare', REPORT, REPORT],
        ['report', REPORT, '--format', 'json'],
      ]) {
        const { code, stderr, stdout } = await faulty(what === 'never answers' ? fault : slow, ...args);
        assert.equal(code, 3, stdout + stderr);
        assert.match(stderr + stdout, /The engine failed/);
      }
    });
  }

  it('memory that runs out is no answer', () => {
    const { codes } = bash(
      '"$NODE" --max-old-space-size=4 --max-semi-space-size=1 "$FP" report "$REPORT" >/dev/null 2>&1',
    );
    assert.ok([3, 134].includes(codes[0]!), String(codes));
  });

  it('an engine that is not there is an engine failure', async () => {
    const alone = path.join(temp.dir, 'cli.js');
    await copyFile(CLI, alone);
    const { code, stdout } = await start(alone, ['run', CONFIG, '--json', '--out', path.join(temp.dir, 'out')], {
      cwd: ROOT,
    }).finished;
    assert.equal(code, 3, stdout);
    assert.equal((JSON.parse(stdout) as { failure: { kind: string } }).failure.kind, 'engine');
  });
});
