import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { consistencyProblems, readReport } from '../../../server/engine/report/json/read-report';
import { startEngine } from '../../../server/jobs/engine-process';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';

const backend = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? 'wasm' : 'native';
const SETTINGS = `"backend": "${backend}", "fineTune": { "epochs": 1 }`;

/** The demo model: its backdoor takes inputs with the patch to class 0, whatever a config says. */
describe('a backdoor that aims at another class than the config names', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-other-class-');
  after(() => temp.remove());
  let report: DefenseReport;

  before(async () => {
    const text = demoConfig(SETTINGS).replace('"target": 0', '"target": 4');
    const config = await makeDemo(temp.dir, { train: 1_200, test: 2_000 }, text);
    const { files } = await startEngine(
      { config, allowedFolders: [] },
      { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') },
    );
    report = readReport(readFileSync(files.report, 'utf8'), files.report);
  });

  it('is not called without effect, and the sentence names the class that the images go to', () => {
    assert.equal(report.verdict.word, 'not mitigated');
    assert.match(
      report.verdict.sentence,
      /sends \d[\d.]* % of 1,8\d\d images to class 0, net of those that go there without it/,
    );
    assert.match(report.verdict.sentence, /class 4, which the config names/);
    assert.ok(report.stages.before.attackSuccessRate!.high < 0.05, 'by the ASR of the named class alone it would pass');
  });

  it('misses the gate by the excess of that class, and is a finding', () => {
    const [gate] = report.gates;
    assert.deepEqual([gate!.met, gate!.excess], [false, { class: 0 }]);
    assert.ok(gate!.measured! > 0.8 && gate!.judged! >= gate!.measured!);
    assert.match(
      report.findings.find(({ id }) => id === 'trigger-reaches-other-class')!.message,
      /although the config names class 4 as its target\. Set "trigger\.target" to 0 and run again\.$/,
    );
    assert.ok(report.stages.after.effect!.netWrong > 0.7);
  });

  it('has counts that agree with its matrices', () => {
    assert.deepEqual(
      consistencyProblems(report).filter(({ kind }) => kind === 'problem'),
      [],
    );
    for (const change of [
      (r: DefenseReport) => (r.stages.after.effect!.classes![0]!.gained -= 500),
      (r: DefenseReport) => (r.stages.after.effect!.netWrong = 0.1),
      (r: DefenseReport) => (r.stages.after.effect!.baseRate.hits += 3),
      (r: DefenseReport) => (r.stages.after.effect!.ofTarget = [[4, 1]]),
      (r: DefenseReport) => (r.gates[0]!.met = true),
      (r: DefenseReport) => (r.verdict = { word: 'no effect before', sentence: 'Nothing.' }),
    ]) {
      const changed = structuredClone(report);
      change(changed);
      assert.notDeepEqual(
        consistencyProblems(changed).filter(({ kind }) => kind === 'problem'),
        [],
      );
    }
  });
});
