import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ScanOutcome } from '../../../../server/protocol/report/scan';
import { ownCache } from '../../../harness/own-cache';
import { makeTempDir } from '../../../harness/processes';
import { writeSmallModel } from '../../demo-folder';
import { CLI, command, ReviewRepo } from '../../review-repo';
import { fails, only, warned } from './support';

interface Manifest {
  weightsManifest: { weights: { name: string; shape: number[]; dtype: string }[] }[];
}

/** Two sets of weights in one file: which one is the model is only in the names of the tensors. */
describe('names of tensors that are exchanged in a model.json', function () {
  this.timeout(600_000);
  const temp = makeTempDir('fp-exchanged-');
  let repo: ReviewRepo;
  before(async () => {
    repo = (await ReviewRepo.make(path.join(temp.dir, 'repo'))).copy(path.join(temp.dir, 'copy'));
    await writeSmallModel(repo.folder);
    await repo.defend();
    repo.commit('one set');
    const json = JSON.parse(repo.read('model.json')) as Manifest;
    const { weights } = json.weightsManifest[0]!;
    weights.push(...weights.map((tensor) => ({ ...tensor, name: `spare/of_${tensor.name}_2` })));
    repo.write('model.json', JSON.stringify(json));
    const one = readFileSync(repo.file('weights.bin'));
    const two = Buffer.from(one);
    // The last bias a little larger: no figure would show it.
    two.writeFloatLE(two.readFloatLE(two.length - 4) + 1e-6, two.length - 4);
    writeFileSync(repo.file('weights.bin'), Buffer.concat([one, two]));
    await repo.defend();
    repo.commit('two sets');
  });
  after(() => temp.remove());

  function exchange(): void {
    const json = JSON.parse(repo.read('model.json')) as Manifest;
    const { weights } = json.weightsManifest[0]!;
    const half = weights.length / 2;
    for (let i = 0; i < half; i++)
      [weights[i]!.name, weights[i + half]!.name] = [weights[i + half]!.name, weights[i]!.name];
    repo.write('model.json', JSON.stringify(json));
  }

  it('make another model: its report is stale, and no earlier scan answers for it', () => {
    const scan = (): ScanOutcome => {
      const { stdout, stderr } = command(
        process.execPath,
        [...CLI, 'scan', 'demo.fineprune.json', '--classes', '0', '--backend', 'wasm', '--json'],
        repo.folder,
        { FINE_PRUNE_CACHE: ownCache(temp.dir) },
      );
      try {
        return JSON.parse(stdout) as ScanOutcome;
      } catch {
        throw new Error(stderr);
      }
    };
    const checked = only(repo.check('--base', 'HEAD').answer);
    assert.ok(!fails(checked).includes('stale.model'), JSON.stringify(checked.results));
    assert.ok(repo.report().findings.some(({ id }) => id === 'unread-tensors'));
    assert.ok(!warned(checked).includes('model.unreadTensors'), 'the base has them too');
    assert.ok(warned(only(repo.check('--base', 'HEAD~1').answer)).includes('model.unreadTensors'));
    const first = scan();
    assert.deepEqual([first.cached, scan().cached], [false, true]);

    exchange();
    const stale = only(repo.check('--base', 'HEAD').answer);
    const found = stale.results.find(({ id, outcome }) => id === 'stale.model' && outcome === 'fail');
    assert.match(found?.message ?? '', /the input model is not the one it describes \(weights differ\)/);
    assert.equal(stale.passed, false);
    const other = scan();
    assert.equal(other.cached, false);
    assert.equal(other.report.model.topology, first.report.model.topology);
    assert.notEqual(other.report.model.weights, first.report.model.weights);

    exchange();
    assert.equal(scan().cached, true, 'the model that was scanned is known again');
    assert.ok(!fails(only(repo.check('--base', 'HEAD').answer)).includes('stale.model'));
  });
});
