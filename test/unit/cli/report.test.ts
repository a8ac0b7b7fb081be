import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addDecision } from '../../../server/engine/report/review/review';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { EXAMPLE_FOLDER, exampleReport, exampleText, textOf } from '../../fixtures/example-report';

describe('fine-prune report and compare', function () {
  this.timeout(60_000);
  const temp = makeTempDir('fp-cli-report-');
  after(() => temp.remove());
  const at = (name: string): string => path.join(temp.dir, name);
  const cli = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [built('cli'), ...args], { cwd: temp.dir, encoding: 'utf8', maxBuffer: 1 << 26 });

  before(() => {
    writeFileSync(at('mnist-badnets.defense.json'), exampleText());
    writeFileSync(
      at('other.defense.json'),
      textOf(exampleReport((r) => void (r.provenance.config.fineTune.epochs = 5))),
    );
  });

  it('writes the Markdown that a run writes', () => {
    const { status, stdout, stderr } = cli('report', 'mnist-badnets.defense.json', '--format', 'md');
    assert.equal(status, 0, stderr);
    assert.equal(stdout, readFileSync(path.join(EXAMPLE_FOLDER, 'mnist-badnets.defense.md'), 'utf8'));
    assert.equal(cli('report', 'mnist-badnets.defense.json', '--out', 'sub/x.md').status, 0);
    assert.equal(readFileSync(at('sub/x.md'), 'utf8'), stdout);
  });

  it('gives JSON and SARIF with the decisions that lie beside the report', () => {
    mkdirSync(at('decided'));
    writeFileSync(at('decided/m.defense.json'), exampleText());
    writeFileSync(
      at('decided/m.defense-review.json'),
      addDecision(null, exampleReport(), {
        finding: 'pruned-all-dead',
        reason: 'For the demo.',
        author: 'Ann <a@example.org>',
        date: '2026-03-01',
      }),
    );
    const json = JSON.parse(cli('report', 'decided/m.defense.json', '--format', 'json').stdout) as {
      issues: { id: string; status: string }[];
    };
    assert.deepEqual(
      json.issues.map(({ status }) => status),
      ['open', 'accepted', 'open', 'open'],
    );
    const sarif = cli('report', 'decided/m.defense.json', '--format', 'sarif');
    assert.ok(!sarif.stdout.includes(temp.dir));
    const log = JSON.parse(sarif.stdout) as { version: string; runs: { results: { suppressions: object[] }[] }[] };
    assert.deepEqual(
      [log.version, log.runs[0]!.results.map(({ suppressions }) => suppressions.length)],
      ['2.1.0', [0, 1, 0, 0]],
    );
    assert.match(
      cli('report', 'decided/m.defense.json').stdout,
      /\*\*Accepted\*\*, by `Ann <a@example\.org>` on 2026-03-01: For the demo\./,
    );
  });

  it('compares two reports, or one with none', () => {
    const { status, stdout, stderr } = cli('compare', 'mnist-badnets.defense.json', 'other.defense.json');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^\| `fineTune\.epochs` \| `2` \| `5` \|$/m);
    const added = JSON.parse(cli('compare', 'none', 'other.defense.json', '--format', 'json').stdout) as {
      base: null;
      sentence: string;
    };
    assert.equal(added.base, null);
    assert.match(added.sentence, /^The report is new/);
    assert.match(cli('compare', 'other.defense.json', 'none').stdout, /^### Deleted report/);
  });

  it('ends with 2 and a sentence when there is nothing to read, and writes nothing', () => {
    writeFileSync(at('broken.defense.json'), exampleText().slice(0, 1000));
    for (const args of [
      ['report', 'missing.defense.json'],
      ['report', 'broken.defense.json', '--out', 'no.md'],
      ['compare', 'broken.defense.json', 'other.defense.json'],
      ['compare', 'none', 'none'],
      ['report', '.'],
    ]) {
      const { status, stdout, stderr } = cli(...args);
      assert.deepEqual([status, stdout], [2, ''], args.join(' '));
      assert.match(stderr, /^error .*\.(\n {2}.*)*\n$/);
      assert.doesNotMatch(stderr, /\n\s+at .*:\d+:\d+\)?$/m, 'no stack');
    }
    assert.ok(!existsSync(at('no.md')));
    const told = JSON.parse(cli('report', 'broken.defense.json', '--format', 'json').stdout) as {
      failure: { code: string; place: string };
    };
    assert.equal(told.failure.code, 'report.syntax');
    assert.match(told.failure.place, /line \d+:\d+$/);
  });
});
