import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { allowed } from '../../harness/busy';
import { costOfCommand, costOfProcess, type Answer, type Cost } from '../../harness/cost';
import { largeConfig, manyTensors, modelJson, packedIdx, SPECIAL } from '../../harness/hostile';
import { waitFor } from '../../harness/poll';
import { LanguageClient } from '../language-client';

const EXAMPLE = readFileSync(
  path.resolve(__dirname, '../../../examples/mnist-badnets/mnist-badnets.defense.json'),
  'utf8',
);
/** What no program may cost more than: 5 s, and 64 MB with four times the size on disk, above one that does nothing. */
function within(cost: Cost, idle: Cost, bytes: number, what: string): void {
  const most = 64 * 2 ** 20 + 4 * bytes;
  const memory = cost.peakBytes - idle.peakBytes;
  assert.ok(memory <= most, `${what}: ${Math.round(memory / 2 ** 20)} MB; at most ${Math.round(most / 2 ** 20)} MB`);
  assert.ok(cost.cpuMs - idle.cpuMs <= allowed(5_000), `${what}: ${cost.cpuMs} ms`);
}

function withFindings(count: number): string {
  const report = JSON.parse(EXAMPLE) as { findings: object[] };
  report.findings = Array.from({ length: count }, () => ({
    id: 'test-subset',
    severity: 'warning',
    message: 'One of very many. '.repeat(10),
  }));
  return JSON.stringify(report);
}

describe('files that are made to cost much', function () {
  this.timeout(240_000);
  let folder: string;
  let idle: Answer;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hostile-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  before(async () => {
    idle = await costOfCommand(['--version'], os.tmpdir());
  });
  const write = (name: string, content: string | Uint8Array): number => {
    writeFileSync(path.join(folder, name), content);
    return Buffer.byteLength(content);
  };

  it('textconv: tensors of one ending, many values, deep brackets, long text', async () => {
    // The command itself on a small model, as the server's idle process has its code loaded.
    write('model.json', modelJson({}));
    const idle = await costOfCommand(['textconv', 'model.json'], folder);
    for (const [what, json, said] of [
      ['40,000 tensors of one ending', manyTensors(40_000), /Tensors/],
      ['8 MB of lists', modelJson({ extra: `[${'[],'.repeat(2_800_000)}0]` }), /more than 1500000 values/],
      ['deep brackets', modelJson({ extra: '['.repeat(4_000_000) }), /nested too deeply/],
      ['16 MB of text', modelJson({ extra: `"${'x'.repeat(16 << 20)}"` }), /Tensors/],
    ] as const) {
      const bytes = write('model.json', json);
      const answer = await costOfCommand(['textconv', 'model.json'], folder);
      assert.equal(answer.code, 0, `${what}: ${answer.stderr}`);
      assert.match(answer.stdout, said, what);
      within(answer, idle, bytes, what);
    }
  });

  it('every command: what is no regular file is refused, and named, without waiting', async () => {
    if (process.platform === 'win32') return;
    for (const [what, make] of Object.entries(SPECIAL)) {
      for (const [name, args] of [
        ['model.json', ['textconv', 'model.json']],
        ['weights.bin', ['textconv', 'weights.bin']],
        ['a.defense.json', ['report', 'a.defense.json']],
        ['a.defense.json', ['compare', 'none', 'a.defense.json']],
        ['a.defense.json', ['check', 'a.defense.json']],
        ['a.fineprune.json', ['run', 'a.fineprune.json']],
        ['a.fineprune.json', ['scan', 'model.json']],
        ['model.json', ['init', 'model.json', '--train', 'x', 'y', '--test', 'x', 'y']],
        ['model.json', ['scan', 'model.json', '--clean', 'x', 'y']],
      ] as const) {
        rmSync(path.join(folder, name), { force: true });
        make(path.join(folder, name));
        const answer = await costOfCommand([...args], folder, 30_000);
        assert.notEqual(answer.code, null, `${args.join(' ')} of ${what} does not end`);
        assert.doesNotMatch(answer.stderr, /\n\s+at .*:\d+:\d+\)/, `${args.join(' ')} of ${what}: ${answer.stderr}`);
        within(answer, idle, 0, `${args.join(' ')} of ${what}`);
        rmSync(path.join(folder, name), { force: true });
      }
    }
  });

  it('check: findings, values and brackets without end', async () => {
    execFileSync('git', ['init', '-q'], { cwd: folder });
    for (const [what, text, said] of [
      ['3,000 findings', withFindings(3_000), /has 3000 entries; at most 200/],
      ['200 findings', withFindings(200), /./],
      ['7 MB of lists', `{"schemaVersion":2,"x":[${'{},'.repeat(2_400_000)}0]}`, /too many values/],
      ['9 MB of text', `{"schemaVersion":2,"x":"${'x'.repeat(9 << 20)}"}`, /at most 8388608 are read|larger than 8 MB/],
    ] as const) {
      const bytes = write('a.defense.json', text);
      const answer = await costOfCommand(['check', 'a.defense.json'], folder);
      assert.equal(answer.code, 1, `${what}: ${answer.stderr}`);
      assert.match(answer.stdout + answer.stderr, said, what);
      within(answer, idle, bytes, what);
    }
  });

  it('the language server: configs, reports and labels, opened in an untrusted workspace', async function () {
    if (process.platform !== 'linux') return;
    for (const [what, files, named] of serverCases()) {
      for (const [name, content] of Object.entries(files))
        if (typeof content === 'function') content(path.join(folder, name));
        else write(name, content);
      const client = await LanguageClient.start([folder], { trusted: false });
      try {
        const pid = client.server.pid!;
        const quiet = costOfProcess(pid);
        const text = readFileSync(path.join(folder, named), 'utf8');
        const bytes = Object.values(files).reduce((sum, one) => sum + (typeof one === 'function' ? 0 : one.length), 0);
        const uri = await client.open(path.join(folder, named), text, /fineprune/.test(named) ? 'fineprune' : 'json');
        await waitFor(`diagnostics of ${what}`, () => client.diagnostics.get(uri), { deadlineMs: allowed(20_000) });
        for (const method of ['foldingRange', 'documentSymbol', 'codeLens'])
          await client.connection.sendRequest(`textDocument/${method}`, { textDocument: { uri } });
        within(costOfProcess(pid), quiet, bytes, what);
      } finally {
        await client.stop();
        for (const name of Object.keys(files)) rmSync(path.join(folder, name), { force: true });
      }
    }
  });
});

type Files = Record<string, string | Uint8Array | ((file: string) => void)>;

function* serverCases(): Generator<[what: string, files: Files, opened: string]> {
  const config = JSON.stringify({
    model: 'model.json',
    data: { train: { images: 'x.gz', labels: 'y.gz' }, test: { images: 'x.gz', labels: 'y.gz' } },
  });
  for (const what of ['values', 'text', 'lines'] as const)
    yield [`9 MB of ${what} in a config`, { 'a.fineprune.json': largeConfig(9 << 20, what) }, 'a.fineprune.json'];
  yield [
    'a config nested 2,000 deep',
    { 'a.fineprune.json': '['.repeat(2_000) + ']'.repeat(2_000) },
    'a.fineprune.json',
  ];
  yield [
    'packed labels of 100 MB',
    {
      'a.fineprune.json': config,
      'model.json': modelJson(),
      'x.gz': packedIdx([10, 2, 2, 3]),
      'y.gz': packedIdx([100 << 20]),
    },
    'a.fineprune.json',
  ];
  for (const name of ['model.json', 'x.gz', 'a.defense.json', 'a.scan.json'])
    for (const [what, make] of Object.entries(SPECIAL))
      yield [
        `${what} as ${name}`,
        { 'model.json': modelJson(), 'x.gz': 'x', 'y.gz': 'y', 'a.fineprune.json': config, [name]: make },
        'a.fineprune.json',
      ];
  yield ['3,000 findings', { 'a.defense.json': withFindings(3_000) }, 'a.defense.json'];
  yield ['200 findings', { 'a.defense.json': withFindings(200) }, 'a.defense.json'];
  yield ['7 MB of lists in a report', { 'a.defense.json': `[${'{},'.repeat(2_400_000)}0]` }, 'a.defense.json'];
}
