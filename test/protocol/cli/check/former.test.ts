import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readReport } from '../../../../server/engine/report/json/read-report';
import { serialiseReport } from '../../../../server/engine/report/json/serialise';
import { EXAMPLE_FOLDER } from '../../../fixtures/example-report';
import { formerText } from '../../../fixtures/former';
import { makeTempDir } from '../../../harness/processes';
import { ReviewRepo } from '../../review-repo';
import { fails, only, warned } from './support';

describe('fine-prune check of a report that version 0.1 wrote', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-former-');
  const repo = new ReviewRepo(path.join(temp.dir, 'repo'));
  const file = (name: string) => path.join(repo.dir, name);

  before(() => {
    mkdirSync(repo.dir);
    repo.git('init', '--quiet', '--initial-branch=main');
    for (const name of ['known.fineprune.json', 'known.defense.json', 'known.defense.md', 'known.defense-review.json'])
      writeFileSync(file(name), formerText(name));
    for (const name of ['model.json', 'weights.bin']) copyFileSync(path.join(EXAMPLE_FOLDER, name), file(name));
    repo.git('add', '.');
    repo.git('commit', '--quiet', '-m', 'base');
  });
  after(() => temp.remove());

  it('fails, since its sentences can say anything, and says which command renews it', () => {
    const { code, answer } = repo.check();
    assert.deepEqual([code, fails(only(answer))], [1, ['report.former']]);
    assert.match(
      only(answer).results.find(({ id }) => id === 'report.former')!.message,
      /^Written by Fine-Prune 0\.1\.0 and not comparable with .* `fine-prune run known\.fineprune\.json`\.$/,
    );
  });

  it('fails where the change touches its Markdown, its decisions or its model', () => {
    for (const name of [
      'known.defense.md',
      'known.defense-review.json',
      'known.fineprune.json',
      'known.defense.json',
    ]) {
      writeFileSync(file(name), `${readFileSync(file(name), 'utf8')}\n`);
      assert.ok(fails(only(repo.check('--base', 'HEAD').answer)).includes('report.former'), name);
      repo.git('checkout', '--quiet', '.');
    }
    const claim = file('known.defense.md');
    writeFileSync(claim, readFileSync(claim, 'utf8').replace('Not mitigated', 'Mitigated'));
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), ['report.former']);
    repo.git('checkout', '--quiet', '.');
  });

  it('passes with its decisions where the change touches nothing of it', () => {
    const { code, answer } = repo.check('--base', 'HEAD');
    const result = only(answer);
    assert.deepEqual([code, fails(result)], [0, []]);
    assert.ok(warned(result).includes('report.former'), String(warned(result)));
    assert.match(
      result.results.find(({ id }) => id === 'report.former')!.message,
      /^Written by Fine-Prune 0\.1\.0, .* `fine-prune run known\.fineprune\.json`\.$/,
    );
    assert.deepEqual(
      result.issues.filter(({ status }) => status === 'accepted').map(({ id }) => id),
      ['gate.maxAttackSuccessRate', 'test-subset'],
    );
  });

  it('lends its gates and decisions to a report of this version', () => {
    const report = readReport(formerText('known.defense.json'), 'known');
    report.provenance.tool = 'fine-prune 0.2.0';
    for (const finding of report.findings) finding.message = `In other words: ${finding.message}`;
    writeFileSync(file('known.defense.json'), serialiseReport(report));
    writeFileSync(file('known.defense-review.json'), '{ "schemaVersion": 2, "decisions": [] }');
    const result = only(repo.check('--base', 'HEAD').answer);
    assert.deepEqual(
      result.issues.filter(({ status }) => status === 'accepted').map(({ id }) => id),
      ['gate.maxAttackSuccessRate', 'test-subset'],
    );
    assert.deepEqual(result.policy, { source: 'base', ref: 'HEAD' });
    repo.git('checkout', '--quiet', '.');
  });

  it('does not call decisions added that the base has', () => {
    const report = readReport(formerText('known.defense.json'), 'known');
    report.provenance.tool = 'fine-prune 0.2.0';
    writeFileSync(file('known.defense.json'), serialiseReport(report));
    assert.ok(!warned(only(repo.check('--base', 'HEAD').answer)).includes('policy.decisionAdded'));
    repo.git('checkout', '--quiet', '.');
  });

  it('fails where it does not fit the files, and calls it neither stale nor changed', () => {
    const weights = readFileSync(file('weights.bin'));
    weights[0]! ^= 1;
    writeFileSync(file('weights.bin'), weights);
    const { code, answer } = repo.check();
    assert.deepEqual([code, fails(only(answer))], [1, ['report.former']]);
    assert.match(
      only(answer).results.find(({ id }) => id === 'report.former')!.message,
      /^Written by Fine-Prune 0\.1\.0 and not comparable with the files as they are now\. Renew it with/,
    );
    repo.git('checkout', '--quiet', '.');
  });

  it('fails where its figures were changed', () => {
    writeFileSync(
      file('known.defense.json'),
      formerText('known.defense.json').replace('"word": "not mitigated"', '"word": "mitigated"'),
    );
    assert.ok(fails(only(repo.check().answer)).includes('figures.verdict'));
    repo.git('checkout', '--quiet', '.');
  });
});
