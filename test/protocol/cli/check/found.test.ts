import assert from 'node:assert/strict';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CheckAnswer } from '../../review-repo';
import { CheckRepos, fails, only } from './support';

describe('the reports that fine-prune check finds', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();

  it('reads no file outside of the repository, whatever report, config and links say', () => {
    const repo = repos.copyOf(repos.strict);
    const secret = path.join(repos.dir, 'secret.txt');
    writeFileSync(secret, 'TOP-SECRET-CONTENT');
    for (const name of ['leak.defense.json', 'demo.defense.md', 'demo.defense-review.json']) {
      rmSync(repo.file(name), { force: true });
      symlinkSync(secret, repo.file(name));
    }
    const report = repo.report();
    report.model.after = { ...report.model.after!, path: '../../../../etc/passwd' };
    repo.write('out.defense.json', JSON.stringify(report));
    const run = repo.cli('check', '--measure', '--base', 'HEAD', '--format', 'json');
    assert.equal(run.code, 1);
    assert.ok(!`${run.stdout}${run.stderr}`.includes('TOP-SECRET'), run.stdout);
    const { reports } = JSON.parse(run.stdout) as CheckAnswer;
    const of = (name: string) => fails(reports.find(({ file }) => file.endsWith(name))!);
    assert.deepEqual(of('leak.defense.json'), ['path.outside']);
    assert.ok(
      of('/demo.defense.json').filter((id) => id === 'path.outside').length >= 2,
      String(of('/demo.defense.json')),
    );
    assert.ok(of('out.defense.json').includes('figures.model'), String(of('out.defense.json')));
  });

  it('says what is wrong with reports that are none', () => {
    const repo = repos.copyOf(repos.strict);
    const text = repo.read('demo.defense.json');
    repo.write('cut.defense.json', text.slice(0, 5000));
    repo.write('next.defense.json', text.replace('"schemaVersion": 2', '"schemaVersion": 3'));
    repo.write('nan.defense.json', text.replace(/"hits": \d+/, '"hits": NaN'));
    const { code, answer } = repo.check();
    assert.equal(code, 1);
    for (const name of ['cut', 'next', 'nan']) {
      const found = answer.reports.find(({ file }) => file.endsWith(`${name}.defense.json`))!;
      assert.deepEqual([fails(found), found.level], [['report.unreadable'], null], name);
    }
  });

  it('finds reports below the current folder and not in node_modules; says when there is none', () => {
    const repo = repos.copyOf(repos.strict);
    repo.write('node_modules/x/other.defense.json', '{}');
    assert.equal(repo.check().answer.reports.length, 1);
    rmSync(repo.file('demo.defense.json'));
    assert.deepEqual(fails(only(repo.check().answer)), ['report.unreadable'], 'one that git tracks is missed');
    repo.git('rm', '--quiet', '--cached', 'my models #1 (ünïcode)/demo.defense.json');
    const none = repo.check();
    assert.deepEqual([none.code, none.answer.failure?.code], [2, 'check.noReports']);
  });
});
