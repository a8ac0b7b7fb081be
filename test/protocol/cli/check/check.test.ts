import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { judge, judgeGates } from '../../../../server/engine/defense/verdict';
import { formatNamed } from '../../../../server/engine/model/formats/registry';
import { demoConfig } from '../../demo-folder';
import { ROOT, type CheckAnswer } from '../../review-repo';
import { CheckRepos, fails, forged, LOOSE, only, warned } from './support';

describe('fine-prune check, in a git repository with a base and a head', function () {
  this.timeout(300_000);
  const repos = new CheckRepos();

  it('fails by the gate and by nothing else where the defense did not work', () => {
    const { code, answer } = repos.strict.check('--measure', '--base', 'HEAD');
    const report = only(answer);
    assert.equal(code, 1);
    assert.deepEqual(fails(report), []);
    assert.deepEqual(warned(report), []);
    assert.equal(report.level, 'measured');
    assert.deepEqual(
      report.issues.filter(({ id }) => id.startsWith('gate.')).map(({ id, status }) => [id, status]),
      [['gate.maxAttackSuccessRate', 'open']],
    );
    assert.equal(report.file, 'my models #1 (ünïcode)/demo.defense.json');
    assert.deepEqual(report.policy, { source: 'base', ref: 'HEAD' });
  });

  it('fails where the trigger takes the images to another class than the config names', async () => {
    const repo = repos.copyOf(repos.strict);
    const base = repo.git('rev-parse', 'HEAD').trim();
    await repo.defend(
      demoConfig('"backend": "wasm", "fineTune": { "epochs": 1 }').replace('"target": 0', '"target": 4'),
    );
    repo.commit('another target');
    const { code, answer } = repo.check('--measure', '--base', base);
    const report = only(answer);
    assert.equal(code, 1);
    assert.ok(
      report.issues.some(({ id, status }) => id === 'gate.maxAttackSuccessRate' && status === 'open'),
      JSON.stringify(report.issues),
    );
    assert.equal(report.report!.verdict.word, 'not mitigated');
  });

  it('measures what the trigger does again, and catches a report that leaves it out', () => {
    const repo = repos.copyOf(repos.strict);
    const report = JSON.parse(repo.read('demo.defense.json')) as DefenseReport;
    report.stages.after.effect!.classes!.find((one) => one.class === 0)!.lost += 9;
    report.stages.after.effect!.classes!.find((one) => one.class === 0)!.gained += 9;
    repo.write('demo.defense.json', JSON.stringify(report));
    assert.ok(fails(only(repo.check('--measure', '--base', 'HEAD').answer)).includes('measure.effect'));
    for (const stage of ['before', 'pruned', 'after'] as const) delete report.stages[stage].effect;
    repo.write('demo.defense.json', JSON.stringify(report));
    assert.ok(warned(only(repo.check('--measure', '--base', 'HEAD').answer)).includes('measure.effect'));
  });

  it('judges a report without what the trigger does by its matrices', async () => {
    const repo = repos.copyOf(repos.strict);
    await repo.defend(
      demoConfig('"backend": "wasm", "fineTune": { "epochs": 1 }').replace('"target": 0', '"target": 4'),
    );
    const report = JSON.parse(repo.read('demo.defense.json')) as DefenseReport;
    for (const stage of ['before', 'pruned', 'after'] as const) delete report.stages[stage].effect;
    const stripped = {
      ...report,
      gates: judgeGates(report, report.provenance.config.gates),
      verdict: judge(report, report.provenance.config.gates),
    };
    assert.equal(stripped.verdict.word, 'not mitigated', 'its matrices show where the images go');
    repo.write('demo.defense.json', JSON.stringify(stripped));
    assert.equal(repo.check('--measure').code, 1);
  });

  it('finds nothing wrong with the committed example but its missed gate', () => {
    const example = path.join(ROOT, 'examples/mnist-badnets/mnist-badnets.defense.json');
    const { code, stdout } = repos.strict.cli('check', '--json', example);
    const report = only(JSON.parse(stdout) as CheckAnswer);
    assert.equal(code, 1);
    assert.deepEqual(fails(report), []);
    assert.deepEqual(
      report.issues.filter(({ id }) => id.startsWith('gate.')).map(({ id, status }) => [id, status]),
      [['gate.maxAttackSuccessRate', 'open']],
    );
    assert.ok(!warned(report).includes('markdown.missing'), 'its Markdown is committed too');
  });

  it('passes an honest change, measured and reproduced to the byte, and changes no file', async () => {
    const repo = repos.copyOf(repos.loose);
    const base = repo.git('rev-parse', 'HEAD').trim();
    await repo.defend(demoConfig(`${LOOSE}, "fineTune": { "epochs": 1 }`));
    repo.commit('one epoch');
    const { code, answer } = repo.check('--reproduce', '--base', base);
    const report = only(answer);
    assert.deepEqual(fails(report), []);
    assert.equal(code, 0);
    assert.equal(answer.passed, true);
    assert.equal(report.level, 'reproduced');
    assert.ok(
      report.results.some(({ id }) => id === 'reproduce.identical'),
      JSON.stringify(report.results),
    );
    assert.equal(repo.git('status', '--porcelain'), '', 'the check wrote nothing into the repository');
    const text = repo.cli('check', '--measure', '--base', base).stdout;
    assert.match(
      text.trimEnd().split('\n').slice(-2).join(' '),
      /PASSED\. Checked as measured: the committed models were measured again, without training/,
    );
  });

  it('catches figures that were edited by hand, without measuring', () => {
    const repo = repos.copyOf(repos.strict);
    repo.write('demo.defense.json', repo.read('demo.defense.json').replace(/"hits": 3\d\d/, '"hits": 12'));
    const report = only(repo.check('--base', 'HEAD').answer);
    assert.ok(
      fails(report).some((id) => id.startsWith('figures.')),
      JSON.stringify(fails(report)),
    );
    assert.ok(fails(report).includes('markdown.differs'), 'the Markdown is of the report as it was');
  });

  it('catches a forgery that agrees with itself by measuring', () => {
    const repo = repos.copyOf(repos.strict);
    repo.writeReport(forged(repo.report(), 5));
    repo.commit('better figures');
    assert.deepEqual(
      fails(only(repo.check('--base', 'HEAD^').answer)),
      [],
      'nothing in the report itself gives it away',
    );
    const { code, answer } = repo.check('--measure', '--base', 'HEAD^');
    assert.equal(code, 1);
    assert.deepEqual(
      new Set(fails(only(answer))),
      new Set(['measure.figure', 'measure.confusion', 'measure.comparison', 'measure.effect']),
    );
    const told = only(answer).results.find(({ outcome, message }) => outcome === 'fail' && message.startsWith('ASR'));
    const [now, was] = [
      repo.report().stages.after.attackSuccessRate!.hits,
      repos.strict.report().stages.after.attackSuccessRate!.hits,
    ];
    assert.match(told!.message, new RegExp(`^ASR after fine-tuning is ${was} of \\d+ when measured again, ${now} of`));
  });

  it('forgives two images, which another engine may see differently', () => {
    const repo = repos.copyOf(repos.strict);
    repo.writeReport(forged(repo.report(), 2));
    assert.deepEqual(fails(only(repo.check('--measure').answer)), []);
  });

  it('says which hyper-parameter makes a report stale', () => {
    const repo = repos.copyOf(repos.strict);
    repo.write('demo.fineprune.json', demoConfig('"backend": "wasm", "fineTune": { "epochs": 3 }'));
    const report = only(repo.check('--base', 'HEAD').answer);
    assert.deepEqual(fails(report), ['stale.config']);
    assert.match(report.results.find(({ id }) => id === 'stale.config')!.message, /\(fineTune\.epochs\)/);
  });

  it('finds settings that were put into the report while its config stays', () => {
    const repo = repos.copyOf(repos.strict);
    const report = repo.report();
    report.provenance.config.trigger = { ...report.provenance.config.trigger!, target: 1 };
    report.trigger = { ...report.trigger!, target: 1 };
    repo.writeReport(report);
    assert.ok(fails(only(repo.check().answer)).includes('config.differs'));
  });

  it('finds one changed byte of weights, and a pruned unit that was woken up although the hash was made to fit', async () => {
    const repo = repos.copyOf(repos.strict);
    const weights = readFileSync(repo.file('demo.defended/weights.bin'));
    const unit = repo.report().pruning.units[0]!;
    // dense_1/kernel, [1600, 128], behind two convolutions; the highest byte of the number.
    weights[(320 + 18_496 + 200 * 128 + unit) * 4 + 3] = 0x3f;
    repo.write('demo.defended/weights.bin', weights);
    repo.commit('one byte');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD^').answer)), ['stale.defended']);

    const report = repo.report();
    report.model.after = {
      ...report.model.after!,
      ...(await formatNamed('tfjs-layers').hashes.ofFiles(repo.file('demo.defended/model.json'))),
    };
    repo.writeReport(report);
    repo.commit('a hash that fits');
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD~2').answer)), []);
    const found = only(repo.check('--measure', '--base', 'HEAD~2').answer);
    const silent = found.results.find(({ id, outcome }) => id === 'measure.silent' && outcome === 'fail');
    assert.match(silent?.message ?? '', new RegExp(`1 of 25 units have weights that are not zero \\(${unit}\\)`));
  });

  it('finds a changed input model', () => {
    const repo = repos.copyOf(repos.strict);
    const weights = readFileSync(repo.file('weights.bin'));
    weights[6]! ^= 1;
    repo.write('weights.bin', weights);
    assert.deepEqual(fails(only(repo.check('--base', 'HEAD').answer)), ['stale.model']);
  });

  it('knows settings of a command line from a config that has changed', () => {
    const repo = repos.copyOf(repos.strict);
    assert.equal(
      repo.cli('run', '--report-only', '--fine-tune-images', '120', '--seed', '5', repo.file('demo.fineprune.json'))
        .code,
      0,
    );
    repo.writeReport(repo.report());
    repo.commit('by hand');
    const report = only(repo.check('--reproduce', '--base', 'HEAD').answer);
    assert.deepEqual(fails(report), []);
    assert.deepEqual(warned(report), ['config.overridden']);
    assert.match(
      report.results.find(({ id }) => id === 'config.overridden')!.message,
      /command line: data\.fineTuneImages 120 \(config: all\), seed 5 \(config: 0\)\. /,
    );
    assert.ok(
      report.results.some(({ id }) => id === 'reproduce.identical'),
      'it is run again as it was run',
    );
  });

  it('needs the defended model to measure, and not to compare hashes', () => {
    const repo = repos.copyOf(repos.strict);
    rmSync(repo.file('demo.defended'), { recursive: true });
    assert.deepEqual(warned(only(repo.check().answer)), ['defended.missing']);
    const report = only(repo.check('--measure').answer);
    assert.deepEqual([fails(report), report.level], [['measure.impossible'], 'consistent']);
  });
});
