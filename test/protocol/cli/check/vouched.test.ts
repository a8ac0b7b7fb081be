import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { CheckedReport, CheckResult } from '../../../../server/protocol/report/review';
import { pointerTo } from '../../../fixtures/other-files';
import { demoConfig } from '../../demo-folder';
import { command, type CheckAnswer, type ReviewRepo } from '../../review-repo';
import { CheckRepos, fails, LOOSE, only, warned } from './support';

const NAMES = ['fineprune.json', 'defense.json', 'defense.md', 'defended'];

/** Gives everything of the demo another name, as a person would who knows what belongs together. */
function renameAll(repo: ReviewRepo, to: string): void {
  for (const ending of NAMES) renameSync(repo.file(`demo.${ending}`), repo.file(`${to}.${ending}`));
  repo.write(`${to}.defense.json`, repo.read(`${to}.defense.json`).replaceAll('demo.defended', `${to}.defended`));
  rmSync(repo.file(`${to}.defense.md`));
}

/** What a new model of these repositories still needs: by their loose gates its own trigger has no effect, which proves nothing. */
const OWN_PROOF = ['policy.newReport'];

/** One bit of the input model's weights. */
function flipWeight(repo: ReviewRepo, name = 'weights.bin'): void {
  const weights = readFileSync(repo.file(name));
  weights[2000]! ^= 1;
  repo.write(name, weights);
}

const beside = (answer: CheckAnswer, id: string): CheckResult[] =>
  answer.results.filter((one) => one.id === id && one.outcome === 'fail');
const told = ({ results }: CheckedReport, id: string): CheckResult => {
  const found = results.filter((one) => one.id === id);
  assert.equal(found.length, 1, `${id} in ${JSON.stringify(results)}`);
  return found[0]!;
};

describe('fine-prune check, of what the base vouched for', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();
  const against = (repo: ReviewRepo, ...args: string[]) => repo.check('--base', 'main^', ...args);

  describe('a model and its report that go', () => {
    it('fails when both go, says how a person allows it, and passes when the base has allowed exactly that', () => {
      const repo = repos.copyOf(repos.loose);
      const keep = repo.read('demo.defense.json');
      rmSync(repo.folder, { recursive: true });
      const { code, answer } = repo.check('--base', 'HEAD');
      assert.equal(code, 1);
      const { message, fingerprint } = told(only(answer), 'report.removed');
      assert.match(
        message,
        /deleted in this change, along with its model.*merge a decision about report\.removed with the fingerprint [0-9a-f]{16} into .*demo\.defense-review\.json of HEAD first\.$/,
      );
      repo.git('checkout', '--quiet', '--', '.');
      assert.equal(repo.read('demo.defense.json'), keep);
      const decision = {
        finding: 'report.removed',
        decision: 'accept',
        reason: 'Not used any more.',
        author: 'Ada <ada@example.org>',
        date: '2026-01-02',
        fingerprint,
      };
      const review = (fields: object): string =>
        JSON.stringify({ schemaVersion: 2, decisions: [{ ...decision, ...fields }] });
      for (const fields of [
        { fingerprint: '0123456789abcdef' },
        { expires: '2026-01-03' },
        { finding: 'report.deleted' },
      ]) {
        repo.write('demo.defense-review.json', review(fields));
        repo.commit('a decision about something else');
        rmSync(repo.folder, { recursive: true });
        assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), ['report.removed'], JSON.stringify(fields));
        repo.git('checkout', '--quiet', '--', '.');
      }
      repo.write('demo.defense-review.json', review({}));
      repo.commit('it may go');
      rmSync(repo.folder, { recursive: true });
      repo.commit('gone');
      const allowed = against(repo);
      assert.deepEqual([allowed.code, warned(only(allowed.answer))], [0, ['report.removed']]);
      assert.match(told(only(allowed.answer), 'report.removed').message, /Accepted on the base: Not used any more\./);
    });

    it('finds the model under another name, and one that has its layers', () => {
      for (const retrained of [false, true]) {
        const repo = repos.copyOf(repos.loose);
        for (const ending of NAMES) rmSync(repo.file(`demo.${ending}`), { recursive: true });
        mkdirSync(repo.file('new'));
        renameSync(repo.file('model.json'), repo.file('new/net.json'));
        renameSync(repo.file('weights.bin'), repo.file('new/weights.bin'));
        if (retrained) flipWeight(repo, 'new/weights.bin');
        repo.commit('no report, another name');
        const { code, answer } = against(repo);
        assert.equal(code, 1);
        assert.match(
          told(only(answer), 'report.deleted').message,
          /but my models #1 \(ünïcode\)\/new\/net\.json is still there/,
        );
      }
    });

    it('takes a folder, a link, a submodule or a pointer for no report', () => {
      const places: [what: string, put: (repo: ReviewRepo) => void, id: string][] = [
        ['a folder', (repo) => repo.write('demo.defense.json/x', '{}'), 'report.deleted'],
        [
          'a link',
          (repo) => {
            repo.write('other/demo.defense.json', repo.git('show', 'HEAD:./my models #1 (ünïcode)/demo.defense.json'));
            symlinkSync('other/demo.defense.json', repo.file('demo.defense.json'));
          },
          'path.link',
        ],
        ['a pointer', (repo) => repo.write('demo.defense.json', pointerTo('0'.repeat(64), 1000)), 'report.unreadable'],
        [
          'a submodule',
          (repo) => {
            mkdirSync(repo.file('demo.defense.json'));
            const inner = repo.file('demo.defense.json');
            for (const args of [
              ['init', '--quiet'],
              ['commit', '--quiet', '--allow-empty', '-m', 'x'],
            ])
              assert.equal(command('git', args, inner).code, 0);
          },
          'report.deleted',
        ],
      ];
      for (const [what, put, id] of places) {
        const repo = repos.copyOf(repos.loose);
        rmSync(repo.file('demo.defense.json'));
        put(repo);
        repo.commit(what);
        const { code, answer } = against(repo);
        assert.equal(code, 1, what);
        const found = answer.reports.filter(({ file }) => !file.includes('other')).flatMap(fails);
        assert.ok(found.includes(id), `${what}: ${found.join()}`);
      }
    });

    it('looks for models in folders that reports are not looked for in', () => {
      const repo = repos.copyOf(repos.loose);
      repo.write('../.gitignore', 'node_modules\n');
      const hidden = path.join(repo.dir, 'node_modules');
      mkdirSync(hidden);
      renameSync(repo.folder, path.join(hidden, 'x'));
      repo.git('add', '--all', '--force');
      repo.git('commit', '--quiet', '-m', 'all of it below node_modules');
      const { code, answer } = against(repo);
      assert.equal(code, 1);
      assert.match(told(only(answer), 'report.deleted').message, /node_modules\/x\/model\.json/);
    });
  });

  describe('another name', () => {
    it('keeps the terms of a report whose model was trained again', async () => {
      const repo = repos.copyOf(repos.loose);
      flipWeight(repo);
      await repo.defend();
      renameAll(repo, 'next');
      repo.commit('retrained and renamed');
      const { code, answer } = against(repo);
      assert.deepEqual([code, fails(only(answer)), answer.results], [1, OWN_PROOF, []]);
      assert.match(
        told(only(answer), 'policy.reportMoved').message,
        /^This report was .*demo\.defense\.json in main\^/,
      );
    });

    it('does not shake off the trigger by new names and one bit of weights', async () => {
      const repo = repos.copyOf(repos.loose);
      flipWeight(repo);
      await repo.defend(demoConfig(LOOSE).replace('"target": 0', '"target": 0, "value": 0.01'));
      renameAll(repo, 'next');
      mkdirSync(repo.file('n'));
      renameSync(repo.folder, path.join(repo.dir, 'else'));
      repo.commit('a trigger that does nothing, other names');
      const { code, answer } = against(repo);
      assert.equal(code, 1);
      assert.deepEqual(fails(only(answer)), [...OWN_PROOF, 'policy.triggerChanged']);
    });

    it('passes a rename of everything, in case alone too', () => {
      for (const name of ['Demo', 'renamed']) {
        const repo = repos.copyOf(repos.loose);
        renameAll(repo, name);
        repo.commit('renamed');
        const { code, answer } = against(repo);
        assert.deepEqual([code, fails(only(answer))], [0, []], JSON.stringify(answer));
        assert.ok(warned(only(answer)).includes('policy.reportMoved'));
      }
    });

    it('refuses names that are one file on other systems', () => {
      const repo = repos.copyOf(repos.loose);
      repo.write('Demo.defense.json', repo.read('demo.defense.json'));
      repo.write('Demo.fineprune.json', repo.read('demo.fineprune.json'));
      repo.commit('a twin');
      const { code, answer } = against(repo);
      assert.equal(code, 1);
      assert.equal(beside(answer, 'path.twins').length, 2);
      const composed = repos.copyOf(repos.loose);
      composed.write('é.fineprune.json'.normalize('NFC'), '{}');
      composed.write('é.fineprune.json'.normalize('NFD'), '{}');
      composed.commit('composed in two ways');
      assert.equal(beside(against(composed).answer, 'path.twins').length, 1);
    });
  });

  describe('a path', () => {
    it('is vouched for, not only what lay there', () => {
      const repo = repos.copyOf(repos.loose);
      mkdirSync(repo.file('aside'));
      for (const name of ['model.json', 'weights.bin']) renameSync(repo.file(name), repo.file(`aside/${name}`));
      repo.write('model.json', readFileSync(repo.file('aside/model.json')));
      repo.write('weights.bin', readFileSync(repo.file('aside/weights.bin')));
      flipWeight(repo);
      // The defended model is what is used: another one takes its place.
      renameSync(repo.file('demo.defended'), repo.file('kept.defended'));
      repo.write('demo.defended/model.json', readFileSync(repo.file('model.json')));
      repo.write('demo.defended/weights.bin', readFileSync(repo.file('weights.bin')));
      const edit = (name: string, from: string, to: string): void =>
        repo.write(name, repo.read(name).replaceAll(from, to));
      edit('demo.defense.json', 'demo.defended', 'kept.defended');
      rmSync(repo.file('demo.defense.md'));
      repo.commit('another model where it is used');
      const { code, answer } = against(repo);
      assert.equal(code, 1);
      const [found, ...others] = beside(answer, 'policy.modelUncovered');
      assert.deepEqual(others, []);
      assert.match(
        found!.message,
        /vouches for my models #1 \(ünïcode\)\/demo\.defended\/model\.json \(its defended model\)\. There is a file now, and the report .*demo\.defense\.json is about/,
      );
    });

    it('has nothing against another model there that the report is about', async () => {
      const repo = repos.copyOf(repos.loose);
      flipWeight(repo);
      await repo.defend();
      repo.commit('trained again');
      const { code, answer } = against(repo);
      assert.deepEqual([code, fails(only(answer)), answer.results], [1, OWN_PROOF, []]);
    });

    it('that is empty now has a successor: a new model with the same layers', () => {
      const repo = repos.copyOf(repos.loose);
      mkdirSync(repo.file('used'));
      repo.write('used/net.json', readFileSync(repo.file('demo.defended/model.json')));
      repo.write('used/weights.bin', readFileSync(repo.file('weights.bin')));
      rmSync(repo.file('demo.defended'), { recursive: true });
      repo.commit('the defended model gone, another in another place');
      const { code, answer } = against(repo);
      assert.equal(code, 1);
      assert.match(
        beside(answer, 'policy.successorUncovered')[0]!.message,
        /used\/net\.json has the same layers, is new in this change/,
      );
    });
  });
});
