import assert from 'node:assert/strict';
import { selectBackend } from '../../../server/engine/backend/select';
import { finePrune } from '../../../server/engine/defense/fine-pruning';
import { Progress } from '../../../server/engine/process/progress';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { openSubject } from '../demo-subject';

const backend = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? 'wasm' : 'native';
const signal = new AbortController().signal;

describe('fine-pruning', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-fine-pruning-');
  before(async () => {
    await selectBackend({ choice: backend, threads: 1 });
  });
  after(() => temp.remove());

  it('the rule that a trigger orders units by changes nothing where no trigger was found', async () => {
    const subject = await openSubject(
      await makeDemo(
        temp.dir,
        { train: 120, test: 80 },
        demoConfig(`"backend": "${backend}", "prune": { "rule": "triggered-difference" }`),
      ),
    );
    try {
      const outcome = await finePrune(
        { ...subject, triggered: null },
        null,
        new Progress(() => undefined),
        signal,
        () => undefined,
      );
      assert.deepEqual([outcome.repaired, outcome.pruning.count, outcome.fineTuning.steps], [false, 0, 0]);
      assert.deepEqual(outcome.stages.after, outcome.stages.before);
    } finally {
      subject.model.dispose();
    }
  });
});
