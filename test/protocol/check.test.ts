import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { judge, judgeGates } from '../../server/engine/report/verdict';
import { addDecision, issueFingerprint } from '../../server/engine/report/review';
import { rate } from '../../server/engine/metrics/rate';
import { exactPValue } from '../../server/engine/metrics/mcnemar';
import { modelFileHashes } from '../../server/engine/model/hash-files';
import type { DefenseReport } from '../../server/protocol/report';
import type { CheckedReport } from '../../server/protocol/review';
import { makeTempDir } from '../harness/processes';
import { demoConfig } from './demo-folder';
import { ReviewRepo, ROOT, type CheckAnswer } from './review-repo';

/** The ids of what failed, in order. */
const fails = ({ results }: CheckedReport): string[] => results.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id);
const warned = ({ results }: CheckedReport): string[] => results.filter(({ outcome }) => outcome === 'warn').map(({ id }) => id);
const only = ({ reports }: CheckAnswer): CheckedReport => {
  assert.equal(reports.length, 1);
  return reports[0]!;
};
/** Gates that the attacked model meets, so that an honest change can pass. */
const LOOSE = '"backend": "wasm", "gates": { "maxAttackSuccessRate": 1, "maxAccuracyDrop": 0.2 }';

/**
 * A report with `images` triggered inputs moved from the target to their true class after the defense, and everything that follows
 * from the counts worked out again: what somebody forges who knows the format.
 */
function forged(report: DefenseReport, images: number): DefenseReport {
  const copy = structuredClone(report);
  const { after } = copy.stages;
  const target = copy.trigger!.target;
  let left = images;
  for (const [label, row] of after.triggeredConfusion!.entries()) {
    const moved = label === target ? 0 : Math.min(left, row[target]!);
    row[target]! -= moved;
    row[label]! += moved;
    left -= moved;
  }
  assert.equal(left, 0);
  after.attackSuccessRate = rate(after.attackSuccessRate!.hits - images, after.attackSuccessRate!.of);
  after.robustAccuracy = rate(after.robustAccuracy!.hits + images, after.robustAccuracy!.of);
  const test = copy.comparison.attackSuccess!;
  copy.comparison.attackSuccess = { ...test, onlyBefore: test.onlyBefore + images, pValue: Number(exactPValue(test.onlyBefore + images, test.onlyAfter).toPrecision(9)) };
  copy.gates = judgeGates(copy, copy.provenance.config.gates);
  copy.verdict = judge(copy, copy.provenance.config.gates);
  return copy;
}

describe('fine-prune check, in a git repository with a base and a head', function () {
  this.timeout(300_000);
  const temp = makeTempDir('fp-check-');
  let strict: ReviewRepo;
  let loose: ReviewRepo;
  let number = 0;
  const copyOf = (repo: ReviewRepo): ReviewRepo => repo.copy(path.join(temp.dir, `copy-${number++}`));

  before(async () => {
    strict = await ReviewRepo.make(path.join(temp.dir, 'strict'));
    loose = await ReviewRepo.make(path.join(temp.dir, 'loose'), LOOSE);
  });
  after(() => temp.remove());

  it('fails by the gate and by nothing else where the defense did not work', () => {
    const { code, answer } = strict.check('--measure', '--base', 'HEAD');
    const report = only(answer);
    assert.equal(code, 1);
    assert.deepEqual(fails(report), []);
    assert.deepEqual(warned(report), []);
    assert.equal(report.level, 'measured');
    assert.deepEqual(report.issues.filter(({ id }) => id.startsWith('gate.')).map(({ id, status }) => [id, status]), [['gate.maxAttackSuccessRate', 'open']]);
    assert.equal(report.file, 'my models #1 (ünïcode)/demo.defense.json');
    assert.deepEqual(report.policy, { source: 'base', ref: 'HEAD' });
  });

  it('finds nothing wrong with the committed example but its missed gate', () => {
    const example = path.join(ROOT, 'examples/mnist-badnets/mnist-badnets.defense.json');
    const { code, stdout } = strict.cli('check', '--json', example);
    const report = only(JSON.parse(stdout) as CheckAnswer);
    assert.equal(code, 1);
    assert.deepEqual(fails(report), []);
    assert.deepEqual(report.issues.filter(({ id }) => id.startsWith('gate.')).map(({ id, status }) => [id, status]), [['gate.maxAttackSuccessRate', 'open']]);
    assert.ok(!warned(report).includes('markdown.missing'), 'its Markdown is committed too');
  });

  it('passes an honest change, measured and reproduced to the byte, and changes no file', async () => {
    const repo = copyOf(loose);
    const base = repo.git('rev-parse', 'HEAD').trim();
    await repo.defend(demoConfig(`${LOOSE}, "fineTune": { "epochs": 1 }`));
    repo.commit('one epoch');
    const { code, answer } = repo.check('--reproduce', '--base', base);
    const report = only(answer);
    assert.deepEqual(fails(report), []);
    assert.equal(code, 0);
    assert.equal(answer.passed, true);
    assert.equal(report.level, 'reproduced');
    assert.ok(report.results.some(({ id }) => id === 'reproduce.identical'), JSON.stringify(report.results));
    assert.equal(repo.git('status', '--porcelain'), '', 'the check wrote nothing into the repository');
    const text = repo.cli('check', '--measure', '--base', base).stdout;
    assert.match(text.trimEnd().split('\n').slice(-2).join(' '), /PASSED\. Checked as measured: the committed models were measured again, without training/);
  });

  it('catches figures that were edited by hand, without measuring', () => {
    const repo = copyOf(strict);
    repo.write('demo.defense.json', repo.read('demo.defense.json').replace(/"hits": 3\d\d/, '"hits": 12'));
    const report = only(repo.check('--base', 'HEAD').answer);
    assert.ok(fails(report).some((id) => id.startsWith('figures.')), JSON.stringify(fails(report)));
    assert.ok(fails(report).includes('markdown.differs'), 'the Markdown is of the report as it was');
  });

  it('catches a forgery that agrees with itself by measuring', () => {
    const repo = copyOf(strict);
    repo.writeReport(forged(repo.report(), 5));
    repo.commit('better figures');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD^').answer)), [], 'nothing in the report itself gives it away');
    const { code, answer } = repo.check('--measure', '--base', 'HEAD^');
    assert.equal(code, 1);
    assert.deepEqual(new Set(fails(only(answer))), new Set(['measure.figure', 'measure.confusion', 'measure.comparison']));
    const told = only(answer).results.find(({ outcome, message }) => outcome === 'fail' && message.startsWith('ASR'));
    const [now, was] = [repo.report().stages.after.attackSuccessRate!.hits, strict.report().stages.after.attackSuccessRate!.hits];
    assert.match(told!.message, new RegExp(`^ASR after fine-tuning is ${was} of \\d+ when it is measured again, ${now} of`));
  });

  it('forgives two images, which another engine may see differently', () => {
    const repo = copyOf(strict);
    repo.writeReport(forged(repo.report(), 2));
    assert.deepEqual(fails(only(repo.check('--measure').answer)), []);
  });

  it('applies the gate of the base to a change that loosens it, and says so first', async () => {
    const repo = copyOf(strict);
    await repo.defend(demoConfig(LOOSE));
    repo.commit('gates that are met');
    assert.equal(repo.check().code, 0, 'by its own gates it passes');
    const { code, answer } = repo.check('--base', 'main^');
    const report = only(answer);
    assert.equal(code, 1);
    assert.deepEqual(fails(report), ['policy.gateLoosened', 'policy.gateLoosened']);
    assert.equal(report.results[0]?.id, 'policy.gateLoosened');
    assert.match(report.results[0]!.message, /maxAttackSuccessRate was loosened from 5 % to 100 %/);
    assert.deepEqual(report.issues.filter(({ id }) => id.startsWith('gate.')).map(({ id, message }) => [id, /limit is 5 %/.test(message)]), [['gate.maxAttackSuccessRate', true]]);
  });

  it('does not count a decision that comes with the change, and counts it once the base has it', () => {
    const repo = copyOf(strict);
    const report = repo.report();
    const decide = (fields: { reason: string; expires?: string }) => addDecision(null, report, { finding: 'gate.maxAttackSuccessRate', author: 'Ada Author <ada@example.org>', date: '2026-01-02', ...fields });
    repo.write('demo.defense-review.json', decide({ reason: 'Known, for the demo.' }));
    repo.commit('accept it');
    const added = repo.check('--base', 'HEAD^');
    assert.equal(added.code, 1);
    assert.deepEqual(warned(only(added.answer)), ['policy.decisionAdded']);
    assert.equal(only(added.answer).issues[0]?.status, 'open');

    const merged = repo.check('--base', 'HEAD');
    assert.equal(merged.code, 0);
    assert.equal(only(merged.answer).issues[0]?.status, 'accepted');
    assert.match(repo.cli('check', '--base', 'HEAD').stdout, /Accepted: Known, for the demo\. \(Ada Author <ada@example\.org>, 2026-01-02\)[\s\S]*PASSED, with 1 missed gate accepted by a decision/);

    repo.write('demo.defense-review.json', decide({ reason: 'Known, for the demo.', expires: '2026-01-03' }));
    const changed = repo.check('--base', 'HEAD');
    assert.deepEqual(warned(only(changed.answer)), ['policy.decisionChanged']);
    assert.equal(only(repo.check().answer).issues[0]?.status, 'expired', 'its last day is over');
    assert.equal(repo.check().code, 1);
  });

  it('counts a decision no more when what it was about has changed', () => {
    const repo = copyOf(strict);
    const report = repo.report();
    const stale = addDecision(null, report, { finding: 'gate.maxAttackSuccessRate', reason: 'Known.', author: 'Ada', date: '2026-01-02' }).replace(issueFingerprint(report, 'gate.maxAttackSuccessRate'), '0123456789abcdef');
    repo.write('demo.defense-review.json', stale);
    repo.commit('a decision about other figures');
    const { code, answer } = repo.check('--base', 'HEAD');
    assert.equal(code, 1);
    assert.equal(only(answer).issues[0]?.status, 'stale');
  });

  it('says which hyper-parameter makes a report stale', () => {
    const repo = copyOf(strict);
    repo.write('demo.fineprune.json', demoConfig('"backend": "wasm", "fineTune": { "epochs": 3 }'));
    const report = only(repo.check('--base', 'HEAD').answer);
    assert.deepEqual(fails(report), ['stale.config']);
    assert.match(report.results.find(({ id }) => id === 'stale.config')!.message, /\(fineTune\.epochs\)/);
  });

  it('finds settings that were put into the report while its config stays', () => {
    const repo = copyOf(strict);
    const report = repo.report();
    report.provenance.config.trigger = { ...report.provenance.config.trigger!, target: 1 };
    report.trigger = { ...report.trigger!, target: 1 };
    repo.writeReport(report);
    assert.ok(fails(only(repo.check().answer)).includes('config.differs'));
  });

  it('finds one changed byte of weights, and a pruned unit that was woken up although the hash was made to fit', async () => {
    const repo = copyOf(strict);
    const weights = readFileSync(repo.file('demo.defended/weights.bin'));
    const unit = repo.report().pruning.units[0]!;
    // dense_1/kernel, [1600, 128], behind two convolutions; the highest byte of the number.
    weights[(320 + 18_496 + 200 * 128 + unit) * 4 + 3] = 0x3f;
    repo.write('demo.defended/weights.bin', weights);
    repo.commit('one byte');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD^').answer)), ['stale.defended']);

    const report = repo.report();
    report.model.after = { ...report.model.after!, ...(await modelFileHashes(repo.file('demo.defended/model.json'))) };
    repo.writeReport(report);
    repo.commit('a hash that fits');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD~2').answer)), []);
    const found = only(repo.check('--measure', '--base', 'HEAD~2').answer);
    const silent = found.results.find(({ id, outcome }) => id === 'measure.silent' && outcome === 'fail');
    assert.match(silent?.message ?? '', new RegExp(`1 of 25 units have weights that are not zero \\(${unit}\\)`));
  });

  it('finds a changed input model', () => {
    const repo = copyOf(strict);
    const weights = readFileSync(repo.file('weights.bin'));
    weights[6]! ^= 1;
    repo.write('weights.bin', weights);
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), ['stale.model']);
  });

  it('holds trigger, test set and split against the base, by settings and by content', async () => {
    const repo = copyOf(loose);
    await repo.defend(demoConfig(`${LOOSE}, "seed": 7`).replace('"target": 0', '"target": 0, "value": 0.1').replace('"data": {', '"data": { "testImages": 300, "analysis": "holdout",'));
    repo.commit('other terms');
    const settings = only(repo.check('--base', 'HEAD^').answer);
    assert.deepEqual(fails(settings), ['policy.triggerChanged', 'policy.testChanged', 'policy.splitChanged', 'policy.splitChanged']);
    assert.match(settings.results.map(({ message }) => message).join('\n'), /The trigger was changed in this change \(trigger\.value\)[\s\S]*data\.testImages[\s\S]*data\.analysis[\s\S]*The seed was changed in this change, from 0 to 7/);

    const other = copyOf(loose);
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
    const repo = copyOf(strict);
    const hidden = repo.file('node_modules');
    mkdirSync(hidden);
    for (const name of readdirSync(repo.file('.'))) if (name !== '.git' && name !== 'node_modules') renameSync(repo.file(name), path.join(hidden, name));
    mkdirSync(repo.file('models'));
    for (const name of readdirSync(hidden)) renameSync(path.join(hidden, name), repo.file(path.join('models', name)));
    repo.commit('in a folder of their own');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), []);
    renameSync(repo.file('models'), path.join(hidden, 'real'));
    symlinkSync('node_modules/real', repo.file('models'));
    repo.commit('moved away, with a link');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD^').answer)), ['report.deleted']);
  });

  it('fails when a report is deleted and its model stays, and not when both go', () => {
    const repo = copyOf(strict);
    for (const name of ['demo.defense.json', 'demo.defense.md', 'demo.fineprune.json']) rmSync(repo.file(name));
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), ['report.deleted'], 'before it is committed, too');
    repo.commit('no report');
    const { code, answer } = repo.check('--base', 'HEAD^');
    assert.equal(code, 1);
    assert.deepEqual(fails(only(answer)), ['report.deleted']);
    assert.match(only(answer).results[0]!.message, /model\.json and demo\.defended\/model\.json are still there/);
    rmSync(repo.folder, { recursive: true });
    repo.commit('no model');
    const gone = repo.check('--base', 'HEAD~2');
    assert.equal(gone.code, 0);
    assert.deepEqual(warned(only(gone.answer)), ['report.removed']);
  });

  it('keeps the gates of a report that was given another name', async () => {
    const repo = copyOf(strict);
    await repo.defend(demoConfig(LOOSE));
    for (const name of ['demo.fineprune.json', 'demo.defense.json', 'demo.defended']) renameSync(repo.file(name), repo.file(name.replace('demo', 'renamed')));
    rmSync(repo.file('demo.defense.md'));
    repo.write('renamed.defense.json', repo.read('renamed.defense.json').replace('demo.defended', 'renamed.defended'));
    renameSync(repo.folder, path.join(repo.dir, 'elsewhere'));
    repo.commit('another name, another folder, other gates');
    const { code, answer } = repo.check('--base', 'HEAD^');
    assert.equal(code, 1);
    assert.deepEqual(fails(only(answer)), ['policy.gateLoosened', 'policy.gateLoosened']);
    assert.match(only(answer).results.find(({ id }) => id === 'policy.reportMoved')!.message, /^This report was my models #1 \(ünïcode\)\/demo\.defense\.json in HEAD\^/);
  });

  it('judges a report that the base does not have by the default gates', async () => {
    const repo = copyOf(loose);
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
    const repo = copyOf(strict);
    const policy = (limit: number) => JSON.stringify({ schemaVersion: 1, gates: { maxAttackSuccessRate: limit } });
    repo.write('../policy.json', policy(0.01));
    repo.commit('a policy');
    repo.write('../policy.json', policy(1));
    repo.commit('a policy that lets everything through');
    const report = only(repo.check('--base', 'HEAD^', '--policy', 'policy.json').answer);
    assert.deepEqual(report.policy, { source: 'file', ref: 'HEAD^:policy.json' });
    assert.match(report.issues[0]!.message, /limit is 1 %/);
    const early = repo.check('--base', 'HEAD~2', '--policy', 'policy.json');
    assert.deepEqual([early.code, early.answer.failure?.code], [2, 'policy.notAtBase']);
    writeFileSync(path.join(temp.dir, 'broken-policy.json'), '{ "schemaVersion": 1, "gate": {} }');
    const broken = repo.check('--policy', path.join(temp.dir, 'broken-policy.json'));
    assert.deepEqual([broken.code, broken.answer.failure?.code], [2, 'policy.schema']);
  });

  it('reads no file outside of the repository, whatever report, config and links say', () => {
    const repo = copyOf(strict);
    const secret = path.join(temp.dir, 'secret.txt');
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
    assert.ok(of('/demo.defense.json').filter((id) => id === 'path.outside').length >= 2, String(of('/demo.defense.json')));
    assert.ok(of('out.defense.json').includes('figures.model'), String(of('out.defense.json')));
  });

  it('says what is wrong with reports that are none', () => {
    const repo = copyOf(strict);
    const text = repo.read('demo.defense.json');
    repo.write('cut.defense.json', text.slice(0, 5000));
    repo.write('next.defense.json', text.replace('"schemaVersion": 1', '"schemaVersion": 2'));
    repo.write('nan.defense.json', text.replace(/"hits": \d+/, '"hits": NaN'));
    const { code, answer } = repo.check();
    assert.equal(code, 1);
    for (const name of ['cut', 'next', 'nan']) {
      const found = answer.reports.find(({ file }) => file.endsWith(`${name}.defense.json`))!;
      assert.deepEqual([fails(found), found.level], [['report.unreadable'], null], name);
    }
  });

  it('takes no option for a revision, and lets a hostile repository run nothing', () => {
    const repo = copyOf(strict);
    for (const ref of ['--output=pwned', '-h', '', 'no-such-branch', '--upload-pack=touch pwned', 'HEAD:my models #1 (ünïcode)/model.json']) {
      const { code, answer } = repo.check(`--base=${ref}`);
      assert.deepEqual([code, answer.failure?.code], [2, 'git.ref'], ref);
    }
    const trap = path.join(repo.dir, 'trap.sh');
    const sprung = path.join(repo.dir, 'sprung');
    writeFileSync(trap, `#!/bin/sh\ntouch '${sprung}'\ncat\n`, { mode: 0o755 });
    for (const key of ['core.fsmonitor', 'diff.fineprune.textconv', 'diff.external', 'core.pager', 'filter.trap.smudge', 'filter.trap.clean', 'core.sshCommand']) repo.git('config', key, trap);
    writeFileSync(path.join(repo.dir, '.gitattributes'), '*.json diff=fineprune filter=trap\n*.bin filter=trap\n');
    mkdirSync(path.join(repo.dir, '.git/hooks'), { recursive: true });
    for (const hook of ['post-index-change', 'pre-commit', 'fsmonitor-watchman', 'post-checkout']) writeFileSync(path.join(repo.dir, '.git/hooks', hook), `#!/bin/sh\ntouch '${sprung}'\n`, { mode: 0o755 });
    assert.equal(repo.check('--base', 'HEAD').code, 1);
    assert.equal(existsSync(sprung), false, 'something of the repository was run');
    assert.equal(existsSync(path.join(repo.dir, 'pwned')), false);
  });

  it('finds reports below the current folder and not in node_modules; says when there is none', () => {
    const repo = copyOf(strict);
    repo.write('node_modules/x/other.defense.json', '{}');
    assert.equal(repo.check().answer.reports.length, 1);
    rmSync(repo.file('demo.defense.json'));
    assert.deepEqual(fails(only(repo.check().answer)), ['report.unreadable'], 'one that git tracks is missed');
    repo.git('rm', '--quiet', '--cached', 'my models #1 (ünïcode)/demo.defense.json');
    const none = repo.check();
    assert.deepEqual([none.code, none.answer.failure?.code], [2, 'check.noReports']);
  });

  it('knows settings of a command line from a config that has changed', () => {
    const repo = copyOf(strict);
    assert.equal(repo.cli('run', '--report-only', '--fine-tune-images', '120', '--seed', '5', repo.file('demo.fineprune.json')).code, 0);
    repo.writeReport(repo.report());
    repo.commit('by hand');
    const report = only(repo.check('--reproduce', '--base', 'HEAD').answer);
    assert.deepEqual(fails(report), []);
    assert.deepEqual(warned(report), ['config.overridden']);
    assert.match(report.results.find(({ id }) => id === 'config.overridden')!.message, /data\.fineTuneImages, seed/);
    assert.ok(report.results.some(({ id }) => id === 'reproduce.identical'), 'it is run again as it was run');
  });

  it('shows a report in other forms, and compares two of different revisions', async () => {
    const repo = copyOf(strict);
    assert.equal(repo.cli('report', repo.file('demo.defense.json')).stdout, repo.read('demo.defense.md'));
    await repo.defend(demoConfig('"backend": "wasm", "fineTune": { "epochs": 1 }'));
    const [base, head] = ['HEAD:my models #1 (ünïcode)/demo.defense.json', repo.file('demo.defense.json')];
    const compared = JSON.parse(repo.cli('compare', base, head, '--format', 'json').stdout) as { settings: { path: string }[] };
    assert.ok(compared.settings.some(({ path: setting }) => setting === 'fineTune.epochs'));
    assert.match(repo.cli('compare', base, head).stdout, /fineTune\.epochs/);
    const { issues } = JSON.parse(repo.cli('report', head, '--format', 'json').stdout) as { issues: { id: string }[] };
    assert.equal(issues[0]?.id, 'gate.maxAttackSuccessRate');
    const sarif = repo.cli('report', head, '--format', 'sarif').stdout;
    assert.match(sarif, /"uri": "my%20models%20%231%20\(%C3%BCn%C3%AFcode\)\/demo\.defense\.json"/);
    for (const [named, code] of [['HEAD:none.defense.json', 'cli.notFound'], ['nowhere.json', 'cli.notFound'], ['no-branch:demo.defense.json', 'git.ref'], ['--all:x', 'git.ref']] as const) {
      const { code: exit, stdout } = repo.cli('compare', '--format', 'json', '--', named, head);
      assert.deepEqual([exit, (JSON.parse(stdout) as CheckAnswer).failure?.code], [2, code], named);
    }
  });

  it('needs the defended model to measure, and not to compare hashes', () => {
    const repo = copyOf(strict);
    rmSync(repo.file('demo.defended'), { recursive: true });
    assert.deepEqual(warned(only(repo.check().answer)), ['defended.missing']);
    const report = only(repo.check('--measure').answer);
    assert.deepEqual([fails(report), report.level], [['measure.impossible'], 'consistent']);
  });

  it('writes summary, comment and SARIF beside the text', () => {
    const repo = copyOf(strict);
    repo.write('demo.fineprune.json', demoConfig('"backend": "wasm", "fineTune": { "epochs": 3 }'));
    const [summary, comment, sarif] = ['summary.md', 'comment.md', 'out.sarif'].map((name) => path.join(temp.dir, name)) as [string, string, string];
    writeFileSync(summary, 'from another tool\n');
    const { code, stdout } = repo.cli('check', '--base', 'HEAD', '--summary', summary, '--comment', comment, '--sarif', sarif);
    assert.equal(code, 1);
    assert.match(stdout, /FAILED: 1 gate missed, 1 problem\. Checked as consistent/);
    assert.match(readFileSync(summary, 'utf8'), /^from another tool\n## Defense report: demo\n[\s\S]*The report is stale/);
    assert.match(readFileSync(comment, 'utf8'), /^<!-- fine-prune:report:check -->\n/);
    const { runs } = JSON.parse(readFileSync(sarif, 'utf8')) as { runs: { results: { ruleId: string; ruleIndex: number; locations: { physicalLocation: { region: { startLine: number } } }[] }[]; tool: { driver: { rules: { id: string }[] } } }[] };
    const [{ results, tool }] = runs as [(typeof runs)[number]];
    assert.deepEqual(results.slice(0, 2).map(({ ruleId }) => ruleId), ['check/stale.config', 'gate.maxAttackSuccessRate']);
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
    const line = repo.read('demo.defense.json').split('\n')[results[0]!.locations[0]!.physicalLocation.region.startLine - 1];
    assert.match(line!, /"configHash"/);
  });
});
