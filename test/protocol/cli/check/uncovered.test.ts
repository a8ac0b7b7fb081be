import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type CheckAnswer, type ReviewRepo } from '../../review-repo';
import { CheckRepos, fails, only } from './support';

const models = ({ results }: CheckAnswer): [string | undefined, string][] =>
  results.filter(({ id }) => id === 'models.uncovered').map(({ file, outcome }) => [file, outcome]);

describe('fine-prune check, of models that no report is about', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();

  /** A second model, committed; its file's text can be changed. */
  function withModel(name: string, edit: (text: string) => string = (text) => text): ReviewRepo {
    const repo = repos.copyOf(repos.loose);
    mkdirSync(path.join(repo.dir, path.dirname(name)), { recursive: true });
    repo.write(`../${name}`, edit(repo.read('model.json')));
    copyFileSync(repo.file('weights.bin'), path.join(repo.dir, path.dirname(name), 'weights.bin'));
    repo.commit('another model');
    return repo;
  }

  it('lists them, and fails where a report is required: of new ones, of all, by a glob of the policy', () => {
    const repo = withModel('new/model.json');
    const listed = repo.check('--base', 'main^');
    assert.deepEqual([listed.code, models(listed.answer)], [0, [['new/model.json', 'warn']]]);
    assert.deepEqual(models(repo.check().answer), [['new/model.json', 'warn']], 'without a base, too');
    const changed = repo.check('--base', 'main^', '--require-reports', 'changed');
    assert.deepEqual([changed.code, models(changed.answer)], [1, [['new/model.json', 'fail']]]);
    assert.deepEqual(fails(only(changed.answer)), []);
    const known = repo.check('--base', 'main', '--require-reports', 'changed');
    assert.deepEqual([known.code, models(known.answer)], [0, [['new/model.json', 'warn']]], 'the base has it as it is');
    assert.equal(repo.check('--base', 'main', '--require-reports', 'all').code, 1);
    assert.equal(repo.check('--require-reports', 'changed').code, 2, 'changed against what?');

    for (const [glob, code] of [
      ['new/**', 1],
      ['NEW/*.json', 1],
      ['old/**', 0],
    ] as const) {
      repo.write('../policy.json', JSON.stringify({ schemaVersion: 2, requireReports: [glob] }));
      repo.commit(glob);
      const { answer, code: ended } = repo.check('--base', 'main', '--policy', 'policy.json');
      assert.deepEqual([ended, models(answer)], [code, [['new/model.json', code ? 'fail' : 'warn']]], glob);
    }
  });

  it('shows them in every format', () => {
    const repo = withModel('new/model.json');
    const run = (...args: string[]) =>
      repo.cli('check', '--base', 'main^', '--require-reports', 'changed', ...args).stdout;
    const words =
      /new\/model\.json, new against main\^, is a TF\.js Layers model, and no report that was checked is about it/;
    const text = run().replace(/\s+/g, ' ');
    assert.match(text, /Beside the reports ✗ new\/model\.json/);
    assert.match(text, words);
    assert.match(text, /FAILED: 1 problem beside the reports\./);
    assert.match(run('--format', 'md'), /^## Beside the reports\n\n\*\*❌ FAILED: 1 problem beside the reports\.\*\*/);
    const { runs } = JSON.parse(run('--format', 'sarif')) as {
      runs: [{ results: { ruleId: string; locations: object[] }[] }];
    };
    const found = runs[0].results.filter(({ ruleId }) => ruleId === 'check/models.uncovered');
    assert.equal(found.length, 1);
    assert.ok(JSON.stringify(found[0]!.locations).includes('new/model.json'));
  });

  it('knows a model by what it holds: another name, late keys, escaped keys, weights that changed', () => {
    for (const [name, edit] of [
      ['x/data', (text: string) => text],
      ['x/a.txt', (text: string) => ' '.repeat(70_000) + text],
      ['x/net.json', (text: string) => `{"note": ${JSON.stringify('x'.repeat(70_000))},${text.trim().slice(1)}`],
      [
        'x/net.json',
        (text: string) => text.replace('"modelTopology"', '"\\u006dodelTopology"').replace('"format"', '"f"'),
      ],
      ['node_modules/model.json', (text: string) => text],
    ] as const) {
      const repo = withModel(name, edit);
      const { code, answer } = repo.check('--base', 'main^', '--require-reports', 'changed');
      assert.deepEqual([code, models(answer)], [1, [[name, 'fail']]], name);
    }
    const repo = withModel('x/net.json');
    const weights = readFileSync(path.join(repo.dir, 'x/weights.bin'));
    weights[0]! ^= 1;
    repo.write('../x/weights.bin', weights);
    repo.commit('other weights');
    assert.deepEqual(models(repo.check('--base', 'main^', '--require-reports', 'changed').answer), [
      ['x/net.json', 'fail'],
    ]);
  });

  it('lists models that it can not open, and takes other files for none', () => {
    const repo = repos.copyOf(repos.loose);
    const formats = path.resolve('test/fixtures/formats');
    mkdirSync(path.join(repo.dir, 'm'));
    for (const name of ['model.onnx', 'model.keras', 'model.pth', 'model.safetensors'])
      copyFileSync(path.join(formats, name), path.join(repo.dir, 'm', name));
    repo.write('../m/notes.json', '{ "modelTopology is": "a word" }');
    repo.write('../m/model-card.json', '{ "name": "x" }');
    repo.write('../m/picture.png', Buffer.from('89504e470d0a1a0a', 'hex'));
    repo.commit('of other frameworks');
    const { code, answer } = repo.check('--base', 'main^', '--require-reports', 'changed');
    assert.equal(code, 1);
    assert.deepEqual(
      models(answer).map(([file]) => file),
      ['m/model.keras', 'm/model.onnx', 'm/model.pth', 'm/model.safetensors'],
    );
    assert.match(answer.results[0]!.message, /a Keras model .*can't open/s);
  });

  it('allows one that the base has decided about, and asks again for another content', () => {
    const repo = withModel('new/model.json');
    const { answer } = repo.check('--base', 'main^', '--require-reports', 'changed');
    const fingerprint = answer.results.find(({ id }) => id === 'models.uncovered')!.fingerprint;
    repo.git('checkout', '--quiet', '-b', 'base', 'main^');
    repo.write(
      '../policy.json',
      JSON.stringify({
        schemaVersion: 2,
        decisions: [
          {
            finding: 'models.uncovered',
            decision: 'accept',
            reason: 'A test model.',
            author: 'Ada',
            date: '2026-01-02',
            fingerprint,
          },
        ],
      }),
    );
    repo.commit('decided');
    repo.git('checkout', '--quiet', 'main');
    repo.git('merge', '--quiet', '--no-edit', 'base');
    const check = () => repo.check('--base', 'base', '--policy', 'policy.json', '--require-reports', 'changed');
    assert.deepEqual([check().code, models(check().answer)], [0, [['new/model.json', 'warn']]]);
    repo.write('../new/model.json', `${repo.read('model.json')}\n`);
    repo.commit('another content');
    assert.equal(check().code, 1);
  });

  it('looks at links named like models', () => {
    const repo = repos.copyOf(repos.loose);
    symlinkSync('/etc/hostname', path.join(repo.dir, 'model.json'));
    symlinkSync('my models #1 (ünïcode)/model.json', path.join(repo.dir, 'same-model.json'));
    repo.commit('links');
    const { answer } = repo.check('--base', 'main^', '--require-reports', 'changed');
    assert.deepEqual(models(answer), [['model.json', 'fail']]);
    rmSync(path.join(repo.dir, 'model.json'));
    repo.commit('only the honest one');
    assert.equal(repo.check('--base', 'main^', '--require-reports', 'changed').code, 0);
  });
});
