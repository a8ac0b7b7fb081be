import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { proofSentence } from '../../../../server/engine/defense/attempt-words';
import { rate } from '../../../../server/engine/metrics/rate';
import { PHASE_TITLES } from '../../../../server/protocol/messages/engine';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import type { CheckedReport } from '../../../../server/protocol/report/review';
import { writeMnistSubset } from '../../../fixtures/mnist';
import { makeTempDir } from '../../../harness/processes';
import { demoConfig, writeSmallModel } from '../../demo-folder';
import { ReviewRepo } from '../../review-repo';
import { fails, only } from './support';

const WASM = '"backend": "wasm", "fineTune": { "epochs": 1 }';
/** A grey patch in the other corner: nobody trained a model on it. */
const IDLE = demoConfig(WASM).replace('"target": 0', '"target": 0, "left": 1, "top": 1, "value": 0.1');
const UNKNOWN = demoConfig(`${WASM}, "strategy": "auto"`).replace(/"trigger": \{[^}]*\}/, '"trigger": null');
const GUIDED = demoConfig('"backend": "wasm", "strategy": "guided"');

const saying = ({ results }: CheckedReport, id: string): string =>
  results.find((one) => one.id === id)?.message ?? 'nothing';

describe('fine-prune check, on a model that the base does not have', function () {
  this.timeout(600_000);
  const temp = makeTempDir('fp-new-report-');
  after(() => temp.remove());

  /** A repository whose base is empty, and whose change brings a model with its report. */
  async function brought(name: string, config: string, poisonRate: number): Promise<ReviewRepo> {
    const repo = new ReviewRepo(path.join(temp.dir, name));
    mkdirSync(path.join(repo.folder, 'data'), { recursive: true });
    repo.git('init', '--quiet', '--initial-branch=main');
    repo.commit('nothing yet');
    await writeMnistSubset(path.join(repo.folder, 'data'), { train: 3000, test: 600 });
    await writeSmallModel(repo.folder, poisonRate);
    await repo.defend(config);
    repo.commit('a first model');
    return repo;
  }

  it('fails where its own trigger does nothing, until a scan finds nothing; the same scan fails a backdoor', async () => {
    const attacked = await brought('idle-attacked', IDLE, 0.1);
    assert.equal(attacked.report().verdict.word, 'no effect before');
    const consistent = attacked.check('--base', 'HEAD^');
    assert.equal(consistent.code, 1);
    assert.deepEqual(fails(only(consistent.answer)), ['policy.newReport']);
    assert.match(
      saying(only(consistent.answer), 'policy.newReport'),
      /^HEAD\^ does not have this report, and the trigger .* no effect .* check with `--measure`, .* or run `fine-prune scan demo\.fineprune\.json` and commit demo\.scan\.json\.$/,
    );
    assert.equal(attacked.check().code, 0, 'without a base nothing is new');
    const measured = attacked.check('--measure', '--base', 'HEAD^');
    assert.deepEqual(fails(only(measured.answer)), ['policy.newReport']);
    assert.match(saying(only(measured.answer), 'policy.newReport'), /A scan finds class 0 suspicious/);
  });

  it('passes where its own trigger does nothing and a scan finds nothing, committed or made here', async () => {
    const honest = await brought('idle-honest', IDLE, 0);
    assert.equal(honest.report().verdict.word, 'no effect before');
    assert.deepEqual(fails(only(honest.check('--base', 'HEAD^').answer)), ['policy.newReport']);
    assert.equal(honest.check('--measure', '--base', 'HEAD^').code, 0);
    const strict = '{ "schemaVersion": 2, "acceptNothingFound": false }';
    honest.write('../policy.json', strict);
    honest.commit('a policy');
    honest.git('checkout', '--quiet', '-b', 'base', 'HEAD~2');
    honest.write('../policy.json', strict);
    const base = honest.commit('a policy at the base');
    honest.git('checkout', '--quiet', 'main');
    assert.match(
      saying(only(honest.check('--measure', '--base', base, '--policy', 'policy.json').answer), 'policy.newReport'),
      /policy\.json does not accept that a scan finds nothing/,
    );
    assert.equal(honest.cli('scan', `${path.basename(honest.folder)}/demo.fineprune.json`).code, 0);
    honest.commit('its scan');
    assert.equal(honest.check('--base', base).code, 0, 'a scan of this model lies beside the report');
    honest.write('demo.scan.json', honest.read('demo.scan.json').replace(/"weights": "...../, '"weights": "00000'));
    assert.deepEqual(fails(only(honest.check('--base', base).answer)), ['policy.newReport']);
  });

  it('passes without a trigger where a scan finds nothing, and is made again here', async () => {
    const repo = await brought('unknown', UNKNOWN, 0);
    assert.deepEqual([repo.report().verdict.word, repo.report().scan?.word], ['not measurable', 'nothing found']);
    const consistent = only(repo.check('--base', 'HEAD^').answer);
    assert.deepEqual(fails(consistent), ['report.nothingFound']);
    assert.match(saying(consistent, 'report.nothingFound'), /check with `--measure`/);
    const { code, answer } = repo.check('--measure', '--base', 'HEAD^');
    assert.deepEqual([fails(only(answer)), code], [[], 0]);
    assert.deepEqual(
      only(answer).issues.filter(({ id }) => id.startsWith('gate.')),
      [],
    );
    repo.write('../policy.json', '{ "schemaVersion": 2, "acceptNothingFound": false }');
    assert.deepEqual(fails(only(repo.check('--measure', '--policy', 'policy.json').answer)), ['report.nothingFound']);
  });

  it('passes where the model was repaired and the proof, made again, comes out the same; it is searched once', async () => {
    const repo = await brought('mitigated', GUIDED, 0.1);
    assert.equal(repo.report().verdict.word, 'mitigated');
    const { code, answer, stderr } = repo.check('--measure', '--base', 'HEAD^');
    assert.deepEqual([fails(only(answer)), code], [[], 0]);
    assert.match(saying(only(answer), 'measure.proof'), /scanned again, gives what the report says: nothing found/);
    assert.ok(stderr.includes(PHASE_TITLES.proof), stderr);
    const forged = structuredClone(repo.report());
    forgeProof(forged);
    repo.writeReport(forged);
    const again = repo.check('--measure', '--base', 'HEAD^');
    assert.deepEqual(fails(only(again.answer)), ['measure.proof']);
    assert.ok(!again.stderr.includes(PHASE_TITLES.proof), again.stderr);
  });
});

/** The proof says that the input model's trigger succeeded less often, with all that follows from it: what somebody forges who knows the format. */
function forgeProof(report: DefenseReport): void {
  const proof = report.proof!;
  const [bounded] = proof.bounded;
  const { hits, of } = bounded!.before;
  bounded!.before = rate(hits - 40, of);
  proof.sentence = proofSentence(proof);
}
