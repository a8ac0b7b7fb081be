import { matrixOf } from '../../fixtures/matrices';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { startEngine } from '../../../server/jobs/engine-process';
import type { RunOutcome } from '../../../server/protocol/messages/engine';
import { FinePruneError } from '../../../server/protocol/errors';
import schema from '../../../schemas/defense-report.schema.json';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';

const backends = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? (['wasm'] as const) : (['native', 'wasm'] as const);
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
/** Weights before those of dense_1 in the file: two convolutions with their biases. */
const BEFORE_DENSE = 320 + 18496;
const INPUTS = 1600;
const NEURONS = 128;

describe('a run with units that the config names', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-named-');
  let number = 0;
  const demo = (more: string) =>
    makeDemo(path.join(temp.dir, `${number++}`), { train: 600, test: 400 }, demoConfig(more));
  const run = (config: string, phases: string[] = []): Promise<RunOutcome> =>
    startEngine(
      { config, allowedFolders: [] },
      {
        onEvent: (e) => e.type === 'progress' && phases.push(e.phase),
        signal: new AbortController().signal,
        workerPath: built('worker'),
      },
    );
  const bytesOf = ({ files }: RunOutcome) => readFileSync(path.join(path.dirname(files.model!), 'weights.bin'));
  after(() => temp.remove());

  /** Neurons of dense_1 without one incoming weight or bias that is not 0. */
  function silent(outcome: RunOutcome): number[] {
    const bytes = bytesOf(outcome);
    const weights = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      BEFORE_DENSE * 4,
      (INPUTS + 1) * NEURONS,
    );
    return Array.from({ length: NEURONS }, (_, u) => u).filter((u) =>
      weights.every((w, i) => i % NEURONS !== u || w === 0),
    );
  }

  for (const backend of backends) {
    it(`prunes exactly these, and they stay silent through fine-tuning (${backend})`, async () => {
      const outcome = await run(
        await demo(`"backend": "${backend}", "prune": { "units": [90, 3, 127, 0, 41] }, "fineTune": { "epochs": 1 }`),
      );
      const { report, files } = outcome;
      const { rule, ratio, count, units } = report.pruning;
      assert.deepEqual(
        { rule, ratio, count, units },
        { rule: 'clean-mean', ratio: null, count: 5, units: [0, 3, 41, 90, 127] },
      );
      assert.deepEqual(silent(outcome), units);
      assert.ok(report.fineTuning.steps > 0);
      assert.deepEqual(report.provenance.config.prune, { ratio: null, rule: 'clean-mean', units: [0, 3, 41, 90, 127] });
      assert.equal(report.provenance.backend, backend);
      assert.ok(validate(JSON.parse(readFileSync(files.report, 'utf8'))), JSON.stringify(validate.errors));
    });

    it(`gives the same model and figures as a ratio that comes to the same units (${backend})`, async () => {
      const asked = await run(
        await demo(`"backend": "${backend}", "prune": { "ratio": 0.1 }, "fineTune": { "epochs": 1 }`),
      );
      const chosen = asked.report.pruning.units;
      assert.equal(chosen.length, 12);
      const named = await run(
        await demo(
          `"backend": "${backend}", "prune": { "units": ${JSON.stringify(chosen)} }, "fineTune": { "epochs": 1 }`,
        ),
      );
      assert.ok(bytesOf(named).equals(bytesOf(asked)));
      assert.deepEqual(named.report.stages, asked.report.stages);
      // The curve follows the rule in both, and the named units lie where the rule has them.
      assert.deepEqual(named.report.curve, asked.report.curve);
      assert.deepEqual(
        named.report.pruning.units,
        [...chosen].sort((a, b) => a - b),
      );
      assert.equal(named.report.curve.points[12]!.correct, named.report.stages.pruned.cleanAccuracy.hits);
    });
  }

  it('may leave nothing of a layer: every input then gets the same class', async () => {
    const all = Array.from({ length: NEURONS }, (_, u) => u);
    // A gate that nothing meets: nobody has to look for a trigger in a network that answers nothing.
    const { report } = await run(
      await demo(
        `"backend": "wasm", "prune": { "units": ${JSON.stringify(all)} }, "fineTune": { "epochs": 0 }, "gates": { "maxAttackSuccessRate": 0 }`,
      ),
    );
    assert.equal(report.pruning.count, NEURONS);
    assert.equal(report.stages.after.cleanAccuracy.hits, report.curve.points.at(-1)!.correct);
    const predicted = matrixOf(report.confusion.after.clean).flatMap((row) =>
      row.flatMap((n, column) => (n > 0 ? [column] : [])),
    );
    assert.equal(new Set(predicted).size, 1);
  });

  it('prunes the named channels of a named convolution', async () => {
    const { report } = await run(
      await demo('"backend": "wasm", "layer": "conv2d_2", "prune": { "units": [63, 5] }, "fineTune": { "epochs": 0 }'),
    );
    assert.deepEqual([report.layer.name, report.pruning.units], ['conv2d_2', [5, 63]]);
  });

  it('refuses units that the layer does not have, at their place in the config and before anything is measured', async () => {
    const config = await demo('"backend": "wasm",\n  "prune": { "units": [5, 128] }');
    const phases: string[] = [];
    await assert.rejects(run(config, phases), (e: unknown) => {
      assert.ok(e instanceof FinePruneError);
      assert.deepEqual([e.kind, e.code, e.file], ['input', 'prune.unitOutOfRange', config]);
      assert.match(e.place!, /^\/prune\/units, line 9:/);
      assert.match(e.message, /Layer "dense_1" has no unit 128: its 128 units are 0 to 127\./);
      return true;
    });
    assert.ok(!phases.includes('data') && !phases.includes('evaluate-before'), `${phases}`);
    assert.deepEqual(readdirSync(path.dirname(config)).sort(), [
      'data',
      'demo.fineprune.json',
      'model.json',
      'weights.bin',
    ]);
  });
});
