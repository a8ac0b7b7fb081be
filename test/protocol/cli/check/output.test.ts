import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { demoConfig } from '../../demo-folder';
import type { CheckAnswer } from '../../review-repo';
import { CheckRepos } from './support';

describe('what fine-prune check, report and compare print and write', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();

  it('shows a report in other forms, and compares two of different revisions', async () => {
    const repo = repos.copyOf(repos.strict);
    assert.equal(repo.cli('report', repo.file('demo.defense.json')).stdout, repo.read('demo.defense.md'));
    await repo.defend(demoConfig('"backend": "wasm", "fineTune": { "epochs": 1 }'));
    const [base, head] = ['HEAD:my models #1 (ünïcode)/demo.defense.json', repo.file('demo.defense.json')];
    const compared = JSON.parse(repo.cli('compare', base, head, '--format', 'json').stdout) as {
      settings: { path: string }[];
    };
    assert.ok(compared.settings.some(({ path: setting }) => setting === 'fineTune.epochs'));
    assert.match(repo.cli('compare', base, head).stdout, /fineTune\.epochs/);
    const { issues } = JSON.parse(repo.cli('report', head, '--format', 'json').stdout) as { issues: { id: string }[] };
    assert.equal(issues[0]?.id, 'gate.maxAttackSuccessRate');
    const sarif = repo.cli('report', head, '--format', 'sarif').stdout;
    assert.match(sarif, /"uri": "my%20models%20%231%20\(%C3%BCn%C3%AFcode\)\/demo\.defense\.json"/);
    for (const [named, code] of [
      ['HEAD:none.defense.json', 'cli.notFound'],
      ['nowhere.json', 'cli.notFound'],
      ['no-branch:demo.defense.json', 'git.ref'],
      ['--all:x', 'git.ref'],
    ] as const) {
      const { code: exit, stdout } = repo.cli('compare', '--format', 'json', '--', named, head);
      assert.deepEqual([exit, (JSON.parse(stdout) as CheckAnswer).failure?.code], [2, code], named);
    }
  });

  it('writes summary, comment and SARIF beside the text', () => {
    const repo = repos.copyOf(repos.strict);
    repo.write('demo.fineprune.json', demoConfig('"backend": "wasm", "fineTune": { "epochs": 3 }'));
    const [summary, comment, sarif] = ['summary.md', 'comment.md', 'out.sarif'].map((name) =>
      path.join(repos.dir, name),
    ) as [string, string, string];
    writeFileSync(summary, 'from another tool\n');
    const { code, stdout } = repo.cli(
      'check',
      '--base',
      'HEAD',
      '--summary',
      summary,
      '--comment',
      comment,
      '--sarif',
      sarif,
    );
    assert.equal(code, 1);
    assert.match(stdout, /FAILED: 1 gate missed, 1 problem\. Checked as consistent/);
    assert.match(
      readFileSync(summary, 'utf8'),
      /^from another tool\n## Defense report: demo\n[\s\S]*The report is stale/,
    );
    assert.match(readFileSync(comment, 'utf8'), /^<!-- fine-prune:report:check -->\n/);
    const { runs } = JSON.parse(readFileSync(sarif, 'utf8')) as {
      runs: {
        results: {
          ruleId: string;
          ruleIndex: number;
          locations: { physicalLocation: { region: { startLine: number } } }[];
        }[];
        tool: { driver: { rules: { id: string }[] } };
      }[];
    };
    const [{ results, tool }] = runs as [(typeof runs)[number]];
    assert.deepEqual(
      results.slice(0, 2).map(({ ruleId }) => ruleId),
      ['check/stale.config', 'gate.maxAttackSuccessRate'],
    );
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
    const line = repo.read('demo.defense.json').split('\n')[
      results[0]!.locations[0]!.physicalLocation.region.startLine - 1
    ];
    assert.match(line!, /"configHash"/);
  });
});
