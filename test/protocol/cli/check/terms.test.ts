import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CheckedReport, CheckResult } from '../../../../server/protocol/report/review';
import { pointerTo } from '../../../fixtures/other-files';
import { CLI, command, type CheckAnswer, type ReviewRepo } from '../../review-repo';
import { CheckRepos, fails, only } from './support';

const beside = (answer: CheckAnswer, id: string): CheckResult[] =>
  answer.results.filter((one) => one.id === id && one.outcome === 'fail');
const told = ({ results }: CheckedReport, id: string): CheckResult => {
  const found = results.filter((one) => one.id === id);
  assert.equal(found.length, 1, `${id} in ${JSON.stringify(results)}`);
  return found[0]!;
};

describe('fine-prune check, of the terms that the base set', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();
  const against = (repo: ReviewRepo, ...args: string[]) => repo.check('--base', 'main^', ...args);

  it('reads no report, config, decision or Markdown through a link, also in the middle of the path', () => {
    const config = repos.copyOf(repos.loose);
    mkdirSync(config.file('away'));
    renameSync(config.file('demo.fineprune.json'), config.file('away/demo.fineprune.json'));
    symlinkSync('away/demo.fineprune.json', config.file('demo.fineprune.json'));
    for (const name of ['demo.defense.md', 'demo.defense-review.json']) {
      config.write(
        `away/${name}`,
        name.endsWith('.md') ? config.read(name) : '{ "schemaVersion": 2, "decisions": [] }',
      );
      rmSync(config.file(name), { force: true });
      symlinkSync(`away/${name}`, config.file(name));
    }
    config.commit('links');
    const links = only(against(config).answer);
    assert.equal(fails(links).filter((id) => id === 'path.link').length, 3, JSON.stringify(links.results));

    const folder = repos.copyOf(repos.loose);
    renameSync(folder.folder, path.join(folder.dir, 'decoy'));
    symlinkSync('decoy', folder.folder);
    folder.commit('a link in the place of the folder');
    const named = only(against(folder, 'my models #1 (ünïcode)/demo.defense.json').answer);
    assert.deepEqual(fails(named), ['path.link']);
    const entered = command(
      process.execPath,
      [...CLI, 'check', '--json', '--base', 'main^'],
      path.join(folder.dir, 'decoy'),
      { PWD: folder.folder },
    );
    assert.equal(entered.code, 2, entered.stdout);
    assert.match(entered.stdout, /path\.link/);
  });

  it('says which reports it did not look at', () => {
    const repo = repos.copyOf(repos.loose);
    mkdirSync(path.join(repo.dir, 'sub'));
    renameSync(repo.folder, path.join(repo.dir, 'sub/a'));
    repo.write('../sub/b/x.txt', '');
    repo.commit('moved');
    const inSub = command(process.execPath, [...CLI, 'check', '--json', '--base', 'main^'], path.join(repo.dir, 'sub'));
    const answer = JSON.parse(inSub.stdout) as CheckAnswer;
    assert.match(
      answer.results.find(({ id }) => id === 'reports.notLookedAt')!.message,
      /^Reports outside of the folder sub were not checked: my models #1 \(ünïcode\)\/demo\.defense\.json\./,
    );
  });

  it('counts a seed of the command line as one of the config', () => {
    const repo = repos.copyOf(repos.loose);
    for (const name of ['demo.defense.json', 'demo.defense.md']) rmSync(repo.file(name));
    rmSync(repo.file('demo.defended'), { recursive: true });
    assert.equal(repo.cli('run', repo.file('demo.fineprune.json'), '--seed', '3').code, 0);
    repo.commit('another seed');
    const report = only(against(repo).answer);
    assert.deepEqual(fails(report), ['policy.splitChanged']);
    assert.match(
      told(report, 'policy.splitChanged').message,
      /from 0 to 3 on the command line: different held-out images/,
    );
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), [], 'the base has it, so it is no change');
  });

  it('does not lose the terms of a base that can not be read', () => {
    const repo = repos.copyOf(repos.loose);
    const text = repo.read('demo.fineprune.json');
    repo.write('demo.fineprune.json', pointerTo('0'.repeat(64), 1000));
    repo.commit('a pointer');
    repo.write('demo.fineprune.json', text);
    repo.commit('and the config again');
    assert.deepEqual(fails(only(against(repo).answer)), ['policy.baseUnreadable']);
  });

  it('wants reports and configs in git itself, whatever .gitattributes says', () => {
    const repo = repos.copyOf(repos.loose);
    const [report, config] = ['demo.defense.json', 'demo.fineprune.json'].map((name) => repo.read(name)) as [
      string,
      string,
    ];
    // What git has where a filter made pointers, and what the working folder has once they are fetched.
    for (const name of ['demo.defense.json', 'demo.fineprune.json']) repo.write(name, pointerTo('0'.repeat(64), 1000));
    repo.write('../.gitattributes', '*.json filter=lfs\n');
    repo.commit('pointers');
    repo.write('demo.defense.json', report);
    repo.write('demo.fineprune.json', config);
    const { code, answer } = against(repo);
    assert.deepEqual([code, beside(answer, 'path.lfsPointer').length, fails(only(answer))], [1, 2, []]);
  });

  it('keeps the policy: no link, no deletion, no looser limit in its place', () => {
    const repo = repos.copyOf(repos.loose);
    const policy = (limit: number, more: object = {}) =>
      JSON.stringify({ schemaVersion: 2, gates: { maxAttackSuccessRate: limit }, requireReports: ['**'], ...more });
    repo.write('../policy.json', policy(1));
    repo.write('../other.json', policy(1, { decisions: [] }));
    repo.commit('a policy');
    const check = () => repo.check('--base', 'main', '--policy', 'policy.json');
    assert.equal(check().code, 0);
    const changes: [string, () => void][] = [
      ['policy.policyRemoved', () => undefined],
      ['policy.policyRemoved', () => symlinkSync('other.json', path.join(repo.dir, 'policy.json'))],
      ['policy.policyRemoved', () => repo.write('../policy.json', '{ "schemaVersion": 2, "gates": {}, "gates": {} }')],
      [
        'policy.gateLoosened',
        () => repo.write('../policy.json', JSON.stringify({ schemaVersion: 2, requireReports: ['**'] })),
      ],
      ['policy.requirementDropped', () => repo.write('../policy.json', policy(1, { requireReports: ['x/**'] }))],
    ];
    for (const [id, change] of changes) {
      rmSync(path.join(repo.dir, 'policy.json'), { force: true });
      change();
      const { code, answer } = check();
      assert.deepEqual(
        [code, answer.results.filter(({ outcome }) => outcome === 'fail').map((one) => one.id)],
        [1, [id]],
      );
    }
    rmSync(path.join(repo.dir, 'policy.json'));
    writeFileSync(path.join(repo.dir, 'policy.json'), policy(0.5));
    assert.deepEqual(check().answer.results, [], 'stricter is no loss');
  });
});
