import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { addDecision, issueFingerprint } from '../../../../server/engine/report/review/review';
import { demoConfig } from '../../demo-folder';
import { CheckRepos, fails, LOOSE, only, warned } from './support';

describe('fine-prune check, against the base of a change', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();

  it('applies the gate of the base to a change that loosens it, and says so first', async () => {
    const repo = repos.copyOf(repos.strict);
    await repo.defend(demoConfig(LOOSE));
    repo.commit('gates that are met');
    assert.equal(repo.check().code, 0, 'by its own gates it passes');
    const { code, answer } = repo.check('--base', 'main^');
    const report = only(answer);
    assert.equal(code, 1);
    assert.deepEqual(fails(report), ['policy.gateLoosened', 'policy.gateLoosened']);
    assert.equal(report.results[0]?.id, 'policy.gateLoosened');
    assert.match(report.results[0]!.message, /maxAttackSuccessRate was loosened from 5 % to 100 %/);
    assert.deepEqual(
      report.issues
        .filter(({ id }) => id.startsWith('gate.'))
        .map(({ id, message }) => [id, /limit is 5 %/.test(message)]),
      [['gate.maxAttackSuccessRate', true]],
    );
  });

  it('does not count a decision that comes with the change, and counts it once the base has it', () => {
    const repo = repos.copyOf(repos.strict);
    const report = repo.report();
    const decide = (fields: { reason: string; expires?: string }) =>
      addDecision(null, report, {
        finding: 'gate.maxAttackSuccessRate',
        author: 'Ada Author <ada@example.org>',
        date: '2026-01-02',
        ...fields,
      });
    repo.write('demo.defense-review.json', decide({ reason: 'Known, for the demo.' }));
    repo.commit('accept it');
    const added = repo.check('--base', 'HEAD^');
    assert.equal(added.code, 1);
    assert.deepEqual(warned(only(added.answer)), ['policy.decisionAdded']);
    assert.equal(only(added.answer).issues[0]?.status, 'open');

    const merged = repo.check('--base', 'HEAD');
    assert.equal(merged.code, 0);
    assert.equal(only(merged.answer).issues[0]?.status, 'accepted');
    assert.match(
      repo.cli('check', '--base', 'HEAD').stdout,
      /Accepted: Known, for the demo\. \(Ada Author <ada@example\.org>, 2026-01-02\)[\s\S]*PASSED, with 1 missed gate accepted by a decision/,
    );

    repo.write('demo.defense-review.json', decide({ reason: 'Known, for the demo.', expires: '2026-01-03' }));
    const changed = repo.check('--base', 'HEAD');
    assert.deepEqual(warned(only(changed.answer)), ['policy.decisionChanged']);
    const late = repo.check();
    assert.equal(only(late.answer).issues[0]?.status, 'expired', 'its last day is over');
    assert.equal(late.code, 1);
  });

  it('counts a decision no more when what it was about has changed', () => {
    const repo = repos.copyOf(repos.strict);
    const report = repo.report();
    const stale = addDecision(null, report, {
      finding: 'gate.maxAttackSuccessRate',
      reason: 'Known.',
      author: 'Ada',
      date: '2026-01-02',
    }).replace(issueFingerprint(report, 'gate.maxAttackSuccessRate'), '0123456789abcdef');
    repo.write('demo.defense-review.json', stale);
    repo.commit('a decision about other figures');
    const { code, answer } = repo.check('--base', 'HEAD');
    assert.equal(code, 1);
    assert.equal(only(answer).issues[0]?.status, 'stale');
  });

  it('holds trigger, test set and split against the base, by settings and by content', async () => {
    const repo = repos.copyOf(repos.loose);
    await repo.defend(
      demoConfig(`${LOOSE}, "seed": 7`)
        .replace('"target": 0', '"target": 0, "value": 0.1')
        .replace('"data": {', '"data": { "testImages": 300, "analysis": "holdout",'),
    );
    repo.commit('other terms');
    const settings = only(repo.check('--base', 'HEAD^').answer);
    assert.deepEqual(fails(settings), [
      'policy.triggerChanged',
      'policy.testChanged',
      'policy.splitChanged',
      'policy.splitChanged',
    ]);
    assert.match(
      settings.results.map(({ message }) => message).join('\n'),
      /The trigger was changed in this change \(trigger\.value\)[\s\S]*data\.testImages[\s\S]*data\.analysis[\s\S]*The seed was changed in this change, from 0 to 7/,
    );

    const other = repos.copyOf(repos.loose);
    const images = readFileSync(other.file('data/t10k-images-idx3-ubyte'));
    images[images.length - 300]! ^= 0xff;
    other.write('data/t10k-images-idx3-ubyte', images);
    await other.defend();
    other.commit('another test set under the same name');
    assert.deepEqual(fails(only(other.check('--base', 'HEAD^').answer)), ['policy.testChanged']);
    const deletedAtBase = other.check('--base', 'HEAD');
    assert.equal(deletedAtBase.code, 0, 'against itself nothing has changed');
  });

  it('fails when a report is put behind a link, where nobody looks', () => {
    const repo = repos.copyOf(repos.strict);
    const hidden = repo.file('node_modules');
    mkdirSync(hidden);
    for (const name of readdirSync(repo.file('.')))
      if (name !== '.git' && name !== 'node_modules') renameSync(repo.file(name), path.join(hidden, name));
    mkdirSync(repo.file('models'));
    for (const name of readdirSync(hidden)) renameSync(path.join(hidden, name), repo.file(path.join('models', name)));
    repo.commit('in a folder of their own');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), []);
    renameSync(repo.file('models'), path.join(hidden, 'real'));
    symlinkSync('node_modules/real', repo.file('models'));
    repo.commit('moved away, with a link');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD^').answer)), ['report.deleted']);
  });

  it('fails when a report is deleted, whether its model stays or goes', () => {
    const repo = repos.copyOf(repos.strict);
    for (const name of ['demo.defense.json', 'demo.defense.md', 'demo.fineprune.json']) rmSync(repo.file(name));
    assert.deepEqual(
      fails(only(repo.check('--base', 'HEAD').answer)),
      ['report.deleted'],
      'before it is committed, too',
    );
    repo.commit('no report');
    const { code, answer } = repo.check('--base', 'HEAD^');
    assert.equal(code, 1);
    assert.deepEqual(fails(only(answer)), ['report.deleted']);
    assert.match(
      only(answer).results[0]!.message,
      /\/model\.json and [^/]*\/demo\.defended\/model\.json are still there/,
    );
    rmSync(repo.folder, { recursive: true });
    repo.commit('no model');
    const gone = repo.check('--base', 'HEAD~2');
    assert.equal(gone.code, 1);
    assert.deepEqual(fails(only(gone.answer)), ['report.removed']);
  });

  it('keeps the gates of a report that was given another name', async () => {
    const repo = repos.copyOf(repos.strict);
    await repo.defend(demoConfig(LOOSE));
    for (const name of ['demo.fineprune.json', 'demo.defense.json', 'demo.defended'])
      renameSync(repo.file(name), repo.file(name.replace('demo', 'renamed')));
    rmSync(repo.file('demo.defense.md'));
    repo.write('renamed.defense.json', repo.read('renamed.defense.json').replace('demo.defended', 'renamed.defended'));
    renameSync(repo.folder, path.join(repo.dir, 'elsewhere'));
    repo.commit('another name, another folder, other gates');
    const { code, answer } = repo.check('--base', 'HEAD^');
    assert.equal(code, 1);
    assert.deepEqual(fails(only(answer)), ['policy.gateLoosened', 'policy.gateLoosened']);
    assert.match(
      only(answer).results.find(({ id }) => id === 'policy.reportMoved')!.message,
      /^This report was my models #1 \(ünïcode\)\/demo\.defense\.json in HEAD\^/,
    );
  });

  it('judges a report that the base does not have by the default gates', async () => {
    const repo = repos.copyOf(repos.loose);
    repo.git('rm', '--quiet', '-r', '.');
    const empty = repo.commit('nothing yet');
    repo.git('checkout', '--quiet', 'HEAD^', '--', '.');
    repo.commit('a first model');
    const { code, answer } = repo.check('--base', empty);
    assert.equal(code, 1);
    const report = only(answer);
    assert.deepEqual(fails(report), []);
    assert.deepEqual(warned(report), ['policy.gateApplied', 'policy.gateApplied']);
    assert.match(report.issues[0]!.message, /limit is 5 %/);
  });

  it('takes a policy from the base, not from the change', () => {
    const repo = repos.copyOf(repos.strict);
    const policy = (limit: number) => JSON.stringify({ schemaVersion: 2, gates: { maxAttackSuccessRate: limit } });
    repo.write('../policy.json', policy(0.01));
    repo.commit('a policy');
    repo.write('../policy.json', policy(1));
    repo.commit('a policy that lets everything through');
    const report = only(repo.check('--base', 'HEAD^', '--policy', 'policy.json').answer);
    assert.deepEqual(report.policy, { source: 'file', ref: 'HEAD^:policy.json' });
    assert.match(report.issues[0]!.message, /limit: 1 %/);
    const early = repo.check('--base', 'HEAD~2', '--policy', 'policy.json');
    assert.deepEqual([early.code, early.answer.failure?.code], [2, 'policy.notAtBase']);
    writeFileSync(path.join(repos.dir, 'broken-policy.json'), '{ "schemaVersion": 1, "gate": {} }');
    const broken = repo.check('--policy', path.join(repos.dir, 'broken-policy.json'));
    assert.deepEqual([broken.code, broken.answer.failure?.code], [2, 'policy.schema']);
  });

  it('takes no option for a revision, and lets a hostile repository run nothing', () => {
    const repo = repos.copyOf(repos.strict);
    for (const ref of [
      '--output=pwned',
      '-h',
      '',
      'no-such-branch',
      '--upload-pack=touch pwned',
      'HEAD:my models #1 (ünïcode)/model.json',
    ]) {
      const { code, answer } = repo.check(`--base=${ref}`);
      assert.deepEqual([code, answer.failure?.code], [2, 'git.ref'], ref);
    }
    const trap = path.join(repo.dir, 'trap.sh');
    const sprung = path.join(repo.dir, 'sprung');
    writeFileSync(trap, `#!/bin/sh\ntouch '${sprung}'\ncat\n`, { mode: 0o755 });
    for (const key of [
      'core.fsmonitor',
      'diff.fineprune.textconv',
      'diff.external',
      'core.pager',
      'filter.trap.smudge',
      'filter.trap.clean',
      'core.sshCommand',
    ])
      repo.git('config', key, trap);
    writeFileSync(path.join(repo.dir, '.gitattributes'), '*.json diff=fineprune filter=trap\n*.bin filter=trap\n');
    mkdirSync(path.join(repo.dir, '.git/hooks'), { recursive: true });
    for (const hook of ['post-index-change', 'pre-commit', 'fsmonitor-watchman', 'post-checkout'])
      writeFileSync(path.join(repo.dir, '.git/hooks', hook), `#!/bin/sh\ntouch '${sprung}'\n`, { mode: 0o755 });
    assert.equal(repo.check('--base', 'HEAD').code, 1);
    assert.equal(existsSync(sprung), false, 'something of the repository was run');
    assert.equal(existsSync(path.join(repo.dir, 'pwned')), false);
  });
});
