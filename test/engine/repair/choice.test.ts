import { suspectedClasses } from '../../../server/protocol/report/scan';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { consistencyProblems, readReport } from '../../../server/engine/report/json/read-report';
import { startEngine, startMeasure } from '../../../server/jobs/engine-process';
import type { RunOutcome } from '../../../server/protocol/messages/engine';
import { smallConfig } from '../../fixtures/small-backdoor';
import { FIRST_TRIGGER, makeTwoBackdoors, SECOND_TRIGGER } from '../../fixtures/two-backdoors';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';

/** On so small a network it is faster than the native engine. */
const backend = 'wasm';
const quiet = { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') };
/** So few that a repair which takes the backdoors out costs more accuracy than the limit allows. */
const FEW = { holdout: 2000, fineTuneImages: 2500, testImages: 1000 };

describe('what is kept of a model with two backdoors, where no repair meets both gates', function () {
  this.timeout(600_000);
  const temp = makeTempDir('fp-choice-');
  let folder: string;
  before(async () => {
    folder = await makeTwoBackdoors(temp.dir, backend);
  });
  after(() => temp.remove());

  async function run(name: string, more: object): Promise<RunOutcome> {
    const outcome = await startEngine(
      {
        config: smallConfig(folder, name, { backend, trigger: 'inverted', ...more }, FEW),
        root: temp.dir,
        allowedFolders: [],
      },
      quiet,
    );
    assert.deepEqual(
      consistencyProblems(readReport(readFileSync(outcome.files.report, 'utf8'), outcome.files.report)).filter(
        ({ kind }) => kind === 'problem',
      ),
      [],
    );
    return outcome;
  }

  it('auto: the repair that takes both backdoors out at a loss above the limit, not the one that leaves them in at none', async () => {
    const { report, files } = await run('auto', { strategy: 'auto' });
    assert.deepEqual([...suspectedClasses(report.scan!)].sort(), [FIRST_TRIGGER.target, SECOND_TRIGGER.target]);
    const lossOf = ({
      images,
      correctBefore,
      correct,
    }: {
      images: number;
      correctBefore: number;
      correct: number;
    }): number => (correctBefore - correct) / images;
    const [plain, , guided] = report.attempts!;
    assert.ok(plain!.heldOut.freshTrigger!.rate > 0.8 && lossOf(plain!.heldOut) <= 0.01, plain!.sentence);
    assert.deepEqual(plain!.missed, ['maxAttackSuccessRate']);
    assert.ok(
      guided!.heldOut.freshTrigger!.high < 0.05 && lossOf(guided!.heldOut) > 0.01 && lossOf(guided!.heldOut) <= 0.03,
      guided!.sentence,
    );
    assert.deepEqual(guided!.missed, ['maxAccuracyDrop']);
    const kept = report.attempts!.find(({ chosen }) => chosen)!;
    assert.deepEqual([report.attempts!.some(({ met }) => met), kept.missed], [false, ['maxAccuracyDrop']]);
    assert.ok(kept.heldOut.freshTrigger!.high <= guided!.heldOut.freshTrigger!.high, kept.sentence);
    assert.match(
      report.findings.find(({ id }) => id === 'no-repair-met-gates')!.message,
      new RegExp(
        `^No repair met both gates on held-out images\\. Kept: ${kept.strategy} \\(accuracy −[\\d.]+ points, .*; it misses the gate on the drop in clean accuracy \\(limit: 1 %\\)\\. Not kept: fine-pruning \\(`,
      ),
    );

    // Both of the attacker's own triggers, which the run never saw.
    for (const [name, trigger] of [
      ['first', FIRST_TRIGGER],
      ['second', SECOND_TRIGGER],
    ] as const) {
      const { stages } = await startMeasure(
        {
          config: smallConfig(folder, name, { backend, trigger }, FEW),
          root: temp.dir,
          allowedFolders: [],
          defended: files.model,
          layer: report.layer.name,
          units: report.pruning.units,
          overrides: { backend },
        },
        quiet,
      );
      assert.ok(
        stages.before.attackSuccessRate!.rate > 0.9 && stages.after!.attackSuccessRate!.rate < 0.1,
        `${name}: ${stages.before.attackSuccessRate!.rate} → ${stages.after!.attackSuccessRate!.rate}`,
      );
    }
  });

  it('nothing, where all that was tried loses more than three times the limit', async () => {
    const { report, files } = await run('nothing', { strategy: 'head-reset', gates: { maxAccuracyDrop: 0.001 } });
    const [attempt] = report.attempts!;
    assert.ok(
      attempt!.heldOut.correctBefore - attempt!.heldOut.correct > 0.003 * attempt!.heldOut.images,
      attempt!.sentence,
    );
    assert.deepEqual([report.repaired, files.model, report.model.after, attempt!.chosen, report.proof], [
      false,
      null,
      null,
      false,
      undefined,
    ] satisfies unknown[]);
    assert.ok(!existsSync(path.join(folder, 'nothing.defended')));
    assert.equal(report.verdict.word, 'not mitigated');
    assert.match(
      report.verdict.sentence,
      /^The backdoor is still in the model, which was not changed: the estimated trigger reaches class \d on [\d.]+ % of inputs \(without the trigger: [\d.]+ %; limit: 5 %\)\. No repair met both gates on held-out images, and each lost more than 0\.3 points of clean accuracy, 3 times the limit: nothing was changed, and no model was written\. Tried: head-reset \(accuracy −[\d.]+ points, attack success [\d.]+ %, [\d.]+ % more than without the trigger, up to [\d.]+ % more\)\.$/,
    );
    assert.deepEqual(report.stages.after, report.stages.before);
  });
});
