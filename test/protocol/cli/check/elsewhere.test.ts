import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { demoConfig } from '../../demo-folder';
import { CheckRepos, fails, LOOSE, only, warned } from './support';
import type { ReviewRepo } from '../../review-repo';

describe('fine-prune check of a report that lies elsewhere than its config', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();

  /** The repository with what a run wrote moved to out/, as `run --out` would have written it. */
  function elsewhere(): ReviewRepo {
    const repo = repos.copyOf(repos.loose);
    const out = path.join(repo.dir, 'out');
    mkdirSync(out);
    for (const name of ['demo.defense.json', 'demo.defense.md', 'demo.defended'])
      renameSync(repo.file(name), path.join(out, name));
    repo.commit('the results lie elsewhere');
    return repo;
  }

  it('finds the config by its name and the settings that were run, where `run --out` wrote', () => {
    const repo = repos.copyOf(repos.loose);
    for (const name of ['demo.defense.json', 'demo.defense.md']) rmSync(repo.file(name));
    rmSync(repo.file('demo.defended'), { recursive: true });
    assert.equal(repo.cli('run', repo.file('demo.fineprune.json'), '--out', 'results', '--report-only').code, 0);
    const { code, answer } = repo.check('--measure', 'results/demo.defense.json');
    const report = only(answer);
    assert.deepEqual([code, fails(report), warned(report)], [0, [], []]);
    assert.equal(report.level, 'measured');
  });

  it('holds it to the gates of the base, whatever config the change brings', () => {
    const repo = elsewhere();
    const base = repo.git('rev-parse', 'HEAD').trim();
    const kept = repo.check('--base', base);
    assert.equal(kept.code, 0);
    assert.deepEqual(only(kept.answer).policy, { source: 'base', ref: base });
    // A config of the same name with looser gates, beside the report: it is not the one that was run.
    mkdirSync(path.join(repo.dir, 'out'), { recursive: true });
    repo.write(
      '../out/demo.fineprune.json',
      demoConfig('"backend": "wasm", "gates": { "maxAttackSuccessRate": 1, "maxAccuracyDrop": 1 }'),
    );
    const report = only(repo.check('--base', base).answer);
    assert.ok(fails(report).length > 0, JSON.stringify(report.results));
  });

  it('does not let a change loosen the gates of the config, nor delete the report beside a model that stays', () => {
    const repo = elsewhere();
    repo.write(
      'demo.fineprune.json',
      demoConfig('"backend": "wasm", "gates": { "maxAttackSuccessRate": 0.05, "maxAccuracyDrop": 0.2 }'),
    );
    const base = repo.commit('stricter');
    repo.write('demo.fineprune.json', demoConfig(LOOSE));
    repo.commit('looser again');
    const { code, answer } = repo.check('--base', base);
    assert.equal(code, 1);
    assert.ok(fails(only(answer)).includes('policy.gateLoosened'), JSON.stringify(only(answer).results));
    for (const name of ['demo.defense.json', 'demo.defense.md']) rmSync(path.join(repo.dir, 'out', name));
    repo.commit('no report');
    const gone = only(repo.check('--base', base).answer);
    assert.deepEqual(fails(gone), ['report.deleted']);
  });

  it('says what has changed of the only config of its name', () => {
    const repo = elsewhere();
    repo.write('demo.fineprune.json', demoConfig(`${LOOSE}, "fineTune": { "epochs": 3 }`));
    const changed = only(repo.check().answer);
    assert.match(
      changed.results.find(({ id }) => id === 'stale.config')!.message,
      /^demo\.fineprune\.json is not the config that this report was made from .*: it is a different one, or has changed since\.$/,
    );
  });

  it('asks which it is where several could be, and takes the one that is named', () => {
    const repo = elsewhere();
    mkdirSync(path.join(repo.dir, 'copy'));
    for (const name of ['demo.fineprune.json', 'model.json', 'weights.bin'])
      copyFileSync(repo.file(name), path.join(repo.dir, 'copy', name));
    const report = only(repo.check('out/demo.defense.json').answer);
    assert.deepEqual(fails(report), ['config.several']);
    assert.match(
      report.results.map(({ message }) => message).join('\n'),
      /several elsewhere could be its config: .*copy.demo\.fineprune\.json.*\. Name the one with --config\./,
    );
    assert.equal(repo.cli('check', 'out/demo.defense.json', '--config', 'nope.fineprune.json').code, 2);
    assert.deepEqual(
      fails(only(repo.check('out/demo.defense.json', '--config', repo.file('demo.fineprune.json')).answer)),
      [],
    );
    assert.equal(repo.cli('check', '--config', repo.file('demo.fineprune.json')).code, 2);
  });

  it('says so where there is none', () => {
    const repo = elsewhere();
    rmSync(repo.file('demo.fineprune.json'));
    const report = only(repo.check('out/demo.defense.json').answer);
    assert.ok(fails(report).includes('config.unreadable'), JSON.stringify(report.results));
    assert.match(
      repo.cli('check', 'out/demo.defense.json').stdout.replace(/\s+/g, ' '),
      /Checked as consistent: schema and figures were checked against each other; no hash was compared, and nothing was measured again\./,
    );
  });
});
