import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir } from '../../../../harness/processes';
import { accept, read } from './support';

describe('two branches that each add a decision', function () {
  this.timeout(20_000);
  const temp = makeTempDir('fp-merge-');
  after(() => temp.remove());
  const file = path.join(temp.dir, 'm.defense-review.json');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: temp.dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const commit = (text: string, message: string): void => {
    writeFileSync(file, text);
    git('add', '-A');
    git('commit', '-m', message);
  };
  /** Merges what two branches made of a base. @returns the merged text, and whether git was content */
  function merged(base: string, ours: string, theirs: string, attributes = ''): { text: string; clean: boolean } {
    git('init', '-q', '-b', 'main');
    writeFileSync(path.join(temp.dir, '.gitattributes'), attributes);
    commit(base, 'base');
    git('checkout', '-q', '-b', 'theirs');
    commit(theirs, 'theirs');
    git('checkout', '-q', 'main');
    commit(ours, 'ours');
    let clean = true;
    try {
      git('merge', '-q', '--no-edit', 'theirs');
    } catch {
      clean = false;
    }
    const text = readFileSync(file, 'utf8');
    execFileSync('rm', ['-rf', path.join(temp.dir, '.git')]);
    return { text, clean };
  }
  const findings = (text: string): string[] => read(text).decisions.map((d) => d.finding);

  it('merge by themselves when a decision lies between the two', () => {
    const base = accept(accept(null, 'fine-tuning-did-the-work'), 'gate.maxAttackSuccessRate');
    const { text, clean } = merged(base, accept(base, 'analysis-on-test-set'), accept(base, 'pruned-all-dead'));
    assert.ok(clean, text);
    assert.deepEqual(findings(text), [
      'analysis-on-test-set',
      'fine-tuning-did-the-work',
      'gate.maxAttackSuccessRate',
      'pruned-all-dead',
    ]);
    assert.deepEqual(JSON.parse(text), read(text));
  });

  it('conflict in whole lines otherwise; keeping both is read, and the next decision mends the commas', () => {
    const base = accept(null, 'analysis-on-test-set');
    const { text, clean } = merged(base, accept(base, 'fine-tuning-did-the-work'), accept(base, 'pruned-all-dead'));
    assert.ok(!clean);
    const kept = text
      .split('\n')
      .filter((line) => !/^(<{7}|={7}|>{7})/.test(line))
      .join('\n');
    assert.deepEqual(findings(kept), ['analysis-on-test-set', 'fine-tuning-did-the-work', 'pruned-all-dead']);
    const mended = accept(kept, 'gate.maxAttackSuccessRate');
    assert.deepEqual((JSON.parse(mended) as { decisions: { finding: string }[] }).decisions.length, 4);
  });

  it('always merge with `merge=union`', () => {
    const attributes = '*.defense-review.json merge=union\n';
    const base = accept(null, 'analysis-on-test-set');
    const { text, clean } = merged(
      base,
      accept(base, 'fine-tuning-did-the-work'),
      accept(base, 'pruned-all-dead'),
      attributes,
    );
    assert.ok(clean);
    assert.deepEqual(findings(text), ['analysis-on-test-set', 'fine-tuning-did-the-work', 'pruned-all-dead']);
    const empty = '{\n  "schemaVersion": 1,\n  "decisions": [\n  ]\n}\n';
    assert.deepEqual(
      findings(
        merged(empty, accept(empty, 'pruned-all-dead'), accept(empty, 'analysis-on-test-set'), attributes).text,
      ).sort(),
      ['analysis-on-test-set', 'pruned-all-dead'],
    );
  });
});
