import assert from 'node:assert/strict';
import { selectBackend } from '../../../server/engine/backend/select';
import { pruningCurve } from '../../../server/engine/pruning/pruning-curve';
import { sourceOf } from '../../../server/engine/pass/inputs';
import { measure } from '../../../server/engine/pass/measure';
import { pruneOrder } from '../../../server/engine/pass/ranking';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { openSubject } from '../demo-subject';

const backend = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? 'wasm' : 'native';
const signal = new AbortController().signal;

describe('the pruning curve', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-curve-');
  before(async () => {
    await selectBackend({ choice: backend, threads: 1 });
  });
  after(() => temp.remove());

  it('a curve has one number of pruned units a point, also where activations of one set alone were too many to keep', async () => {
    const subject = await openSubject(
      await makeDemo(temp.dir, { train: 120, test: 80 }, demoConfig(`"backend": "${backend}", "seed": 0`)),
    );
    const { model, normalisation, site, roles, triggered } = subject;
    const pass = { model, normalisation, signal };
    try {
      const test = sourceOf(roles.test);
      const onTest = await measure(test, site, pass);
      const onTriggered = await measure(triggered!, site, pass);
      const order = pruneOrder(onTest.statistics.mean());
      const sets = { test, onTest, triggered, onTriggered, holdout: null, onHoldout: null };
      const { curve: whole } = await pruningCurve(subject, order, sets, pass);
      const { curve } = await pruningCurve(subject, order, { ...sets, onTest: { ...onTest, activations: null } }, pass);
      assert.ok(curve.points.length < whole.points.length);
      // Other arithmetic may put an image on the edge on the other side.
      for (const { pruned, correct, successful } of curve.points)
        assert.ok(
          Math.abs(correct - whole.points[pruned]!.correct) <= 1 &&
            Math.abs(successful! - whole.points[pruned]!.successful!) <= 1,
          `${pruned} pruned`,
        );
      assert.deepEqual(curve.points.at(-1), whole.points.at(-1));
    } finally {
      subject.model.dispose();
    }
  });
});
