import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as l from '@tensorflow/tfjs-layers';
import { selectBackend } from '../../../server/engine/backend/select';
import { consistencyProblems, readReport } from '../../../server/engine/report/json/read-report';
import { startEngine, startMeasure } from '../../../server/jobs/engine-process';
import type { RunOutcome, RunRequest } from '../../../server/protocol/messages/engine';
import type { FinePruneError } from '../../../server/protocol/errors';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo, makeSmallDemo } from '../../protocol/demo-folder';
import { ATTACKED_TARGET, attackedConfig, makeAttacked } from '../attacked-model';
import { filesOf, write } from '../model/support';
import { masksOf } from '../../fixtures/scan-result';

/** On so few images it is faster than the native engine, whose library takes a second to load. */
const backend = 'wasm';
const signal = new AbortController().signal;
const quiet = { onEvent: () => undefined, signal, workerPath: built('worker') };
const refusedAs = (code: string, place: string) => (error: FinePruneError) =>
  error.code === code && (error.place ?? '').startsWith(place);

describe('repairs at their limits', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-limits-');
  let number = 0;
  const demo = (more: string, counts = { train: 120, test: 80 }) =>
    makeDemo(path.join(temp.dir, `${number++}`), counts, demoConfig(`"backend": "${backend}", ${more}`));
  /** The same on a small network, where training and searches take seconds. */
  const small = (more: string, counts: { train: number; test: number }) =>
    makeSmallDemo(path.join(temp.dir, `${number++}`), counts, demoConfig(`"backend": "${backend}", ${more}`));
  const run = (config: string, more: Partial<RunRequest> = {}): Promise<RunOutcome> =>
    startEngine({ config, allowedFolders: [], ...more }, quiet);
  before(async () => {
    await selectBackend({ choice: backend, threads: 1 });
  });
  after(() => temp.remove());

  it('a run whose images are too few for a scan keeps its report; its verdict rests on the known trigger alone', async () => {
    // Nothing but the biases decides: the trigger is gone, and so is the accuracy.
    const { report, files } = await run(
      await demo(
        '"prune": { "ratio": 1 }, "fineTune": { "epochs": 0 }, "gates": { "maxAttackSuccessRate": 0.9, "maxAccuracyDrop": 1 }',
        { train: 40, test: 80 },
      ),
    );
    assert.equal(report.stages.after.attackSuccessRate!.rate, 0);
    assert.deepEqual([report.proof, report.verdict.word], [undefined, 'mitigated']);
    assert.match(
      report.verdict.sentence,
      /This is based on the known trigger alone; the repaired model was not scanned\.$/,
    );
    assert.deepEqual(
      consistencyProblems(readReport(readFileSync(files.report, 'utf8'), files.report)).filter(
        ({ kind }) => kind === 'problem',
      ),
      [],
    );
  });

  /** Labels of a demo's images in another order than the model's classes. */
  const mislabel = (config: string, ...roles: string[]): void => {
    for (const role of roles) {
      const file = path.join(path.dirname(config), 'data', `${role}-labels-idx1-ubyte`);
      const bytes = readFileSync(file);
      writeFileSync(
        file,
        Buffer.concat([bytes.subarray(0, 8), Buffer.from(bytes.subarray(8).map((label) => (label + 3) % 10))]),
      );
    }
  };
  const isConsistent = ({ files }: RunOutcome): void => {
    assert.deepEqual(
      consistencyProblems(readReport(readFileSync(files.report, 'utf8'), files.report)).filter(
        ({ kind }) => kind === 'problem',
      ),
      [],
    );
  };

  it('a run whose images the model does not know searches no trigger in it, and says so', async () => {
    const config = await demo('"strategy": "auto"');
    mislabel(config, 'train', 't10k');
    const outcome = await run(config);
    const { scan, verdict, repaired, attempts, findings } = outcome.report;
    assert.deepEqual(
      [verdict.word, repaired, attempts, scan!.word, masksOf(scan).classes],
      ['not measurable', false, undefined, 'not measurable', []],
    );
    assert.match(verdict.sentence, /^The input model's clean accuracy is [\d.]+ %, near chance/);
    assert.match(scan!.sentence, /^Not measurable: the model classifies .* The labels seem to be in a different order/);
    assert.equal(findings[0]!.id, 'accuracy-near-chance');
    isConsistent(outcome);
    assert.match(readFileSync(outcome.files.markdown, 'utf8'), /❔ \*\*Scan of the input model\.\*\* Not measurable/);
  });

  it('a repair that is guided does nothing where the model knows the test images alone', async () => {
    const config = await demo('"strategy": "guided"');
    mislabel(config, 'train');
    const outcome = await run(config);
    const { verdict, repaired } = outcome.report;
    assert.deepEqual([verdict.word, repaired], ['not measurable', false]);
    assert.match(
      verdict.sentence,
      /^The repair starts with a scan, which could not search for a trigger, so nothing was changed\. Not measurable: the model classifies/,
    );
    isConsistent(outcome);
  });

  for (const strategy of ['fine-pruning-conv', 'head-reset'] as const) {
    it(`${strategy} waits for no scan where no trigger is known, and neither it nor its proof is claimed`, async () => {
      // Too few images for a scan: one that was begun would be refused.
      const config = await small(`"strategy": "${strategy}", "gates": { "maxAccuracyDrop": 0.5 }`, {
        train: 44,
        test: 80,
      });
      writeFileSync(config, readFileSync(config, 'utf8').replace('{ "kind": "patch", "target": 0 }', 'null'));
      const phases = new Set<string>();
      const outcome = await startEngine(
        { config, allowedFolders: [] },
        {
          signal,
          workerPath: built('worker'),
          onEvent: (event) => void (event.type === 'progress' && phases.add(event.phase)),
        },
      );
      const { scan, proof, attempts, verdict, findings, trigger } = outcome.report;
      assert.deepEqual(
        [scan, proof, trigger, attempts!.length, attempts![0]!.strategy],
        [undefined, undefined, null, 1, strategy],
      );
      assert.ok(phases.has('repair') && !phases.has('scan') && !phases.has('proof'), [...phases].join());
      assert.equal(verdict.word, 'not measurable');
      assert.match(verdict.sentence, /^No trigger is known, so whether a backdoor is gone can't be measured/);
      assert.match(
        findings.find(({ id }) => id === 'trigger-unknown')!.message,
        /The repair needs no scan, so the model was scanned neither before nor after it/,
      );
      isConsistent(outcome);
    });
  }

  it('a repair that loses too much where no trigger is known is not kept, and nothing is said of a backdoor', async () => {
    const config = await small('"strategy": "head-reset"', { train: 44, test: 80 });
    writeFileSync(config, readFileSync(config, 'utf8').replace('{ "kind": "patch", "target": 0 }', 'null'));
    const { report } = await run(config);
    assert.deepEqual([report.verdict.word, report.repaired], ['not measurable', false]);
    assert.match(
      report.verdict.sentence,
      /^No trigger is known, so nothing can be said about a backdoor\. No repair met both gates on held-out images, and each lost more than 3 points/,
    );
  });

  it('a strategy from a command line is refused where the config has nothing to choose on, or chooses itself', async () => {
    const overrides = { strategy: 'guided' as const };
    const without = await demo('"seed": 0');
    writeFileSync(without, readFileSync(without, 'utf8').replace('"data": {', '"data": { "holdout": 0,'));
    await assert.rejects(run(without, { overrides }), refusedAs('config.conflict', '/data/holdout'));
    await assert.rejects(
      run(await demo('"prune": { "units": [1] }'), { overrides }),
      refusedAs('config.conflict', '/prune/units'),
    );
    await assert.rejects(
      run(await demo('"layer": "conv2d_2"'), { overrides: { strategy: 'auto' } }),
      refusedAs('config.conflict', '/layer'),
    );
  });

  it('fine-pruning-conv is refused where there is no convolution, instead of finding nothing to repair', async () => {
    const config = await demo('"strategy": "fine-pruning-conv"');
    const net = l.sequential({
      layers: [
        l.layers.flatten({ inputShape: [28, 28, 1] }),
        l.layers.dense({ units: 8, activation: 'relu' }),
        l.layers.dense({ units: 10, activation: 'softmax' }),
      ],
    });
    const { json, weights } = await filesOf(net);
    net.dispose();
    await write(path.dirname(config), json, weights);
    await assert.rejects(run(config), refusedAs('strategy.noConvolution', '/strategy'));
  });

  it('a model whose classifier reads joined layers is repaired all the same, in the last layer that can be pruned', async () => {
    const folder = path.join(temp.dir, 'joined');
    mkdirSync(folder);
    await makeAttacked(folder, { joined: true });
    await selectBackend({ choice: backend, threads: 1 });
    const { report, files } = await run(
      attackedConfig(folder, 'joined', { kind: 'patch', target: ATTACKED_TARGET }, { strategy: 'guided', backend }),
    );
    assert.deepEqual([report.layer.name, report.layer.chosen, report.repaired], ['neurons_2', 'last', true]);
    assert.ok(report.pruning.count > 0 && report.stages.after.attackSuccessRate!.rate < 0.2, report.verdict.sentence);
    assert.deepEqual(
      consistencyProblems(readReport(readFileSync(files.report, 'utf8'), files.report)).filter(
        ({ kind }) => kind === 'problem',
      ),
      [],
    );
    assert.match(
      readFileSync(files.markdown, 'utf8'),
      /`neurons_2`, Dense, relu, the last one that can be pruned, since the penultimate one can't/,
    );
  });

  it('a report of a strategy from a command line is measured at the layer that the strategy chose', async () => {
    const config = await demo('"seed": 0');
    const request = { config, allowedFolders: [], defended: null, layer: 'conv2d_2', units: [] };
    const layerOf = async (more: object): Promise<string> =>
      (await startMeasure({ ...request, overrides: { backend, ...more } }, quiet)).layer.name;
    assert.deepEqual(
      [await layerOf({ strategy: 'fine-pruning-conv' }), await layerOf({ strategy: 'fine-pruning' })],
      ['conv2d_2', 'dense_1'],
    );
  });
});
