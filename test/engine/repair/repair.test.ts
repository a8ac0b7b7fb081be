import { inversionOf, suspectedClasses } from '../../../server/protocol/report/scan';
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { cacheFolder } from '../../../server/engine/backend/native-sources';
import { scanInputs } from '../../../server/engine/config/scan-inputs';
import { markdownReport } from '../../../server/engine/report/markdown/markdown';
import { consistencyProblems, readReport } from '../../../server/engine/report/json/read-report';
import { startEngine, startMeasure, startScan } from '../../../server/jobs/engine-process';
import type { EngineEvent, MeasureOutcome, RunOutcome } from '../../../server/protocol/messages/engine';
import type { DefenseReport } from '../../../server/protocol/report/report';
import schema from '../../../schemas/defense-report.schema.json';
import { compareMeasured } from '../../../server/cli/check/measured/measured';
import { makeSmallBackdoor, SMALL_COUNTS, SMALL_TRIGGER, smallConfig } from '../../fixtures/small-backdoor';
import { built } from '../../harness/built';
import { makeTempDir } from '../../harness/processes';

const backends = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? (['wasm'] as const) : (['native', 'wasm'] as const);
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
const quiet = { onEvent: () => undefined, signal: new AbortController().signal, workerPath: built('worker') };

for (const backend of backends) {
  describe(`repairs on ${backend}`, function () {
    this.timeout(300_000);
    const temp = makeTempDir('fp-repair-');
    let folder: string;
    before(async () => {
      folder = await makeSmallBackdoor(temp.dir, { backend });
    });
    after(() => temp.remove());

    async function run(name: string, more: object, events: EngineEvent[] = [], data: object = {}): Promise<RunOutcome> {
      const config = smallConfig(folder, name, { backend, ...more }, data);
      const outcome = await startEngine(
        { config, root: temp.dir, allowedFolders: [] },
        { ...quiet, onEvent: (event) => events.push(event) },
      );
      const text = readFileSync(outcome.files.report, 'utf8');
      const report = readReport(text, outcome.files.report);
      assert.deepEqual(
        consistencyProblems(report).filter(({ kind }) => kind === 'problem'),
        [],
      );
      assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
      assert.equal(readFileSync(outcome.files.markdown, 'utf8'), markdownReport(report, undefined, name));
      return outcome;
    }

    /** The models of a run measured again, with the report's own estimate or with the trigger that the attacker used. */
    function measure(name: string, { report, files }: RunOutcome, withTrue: boolean): Promise<MeasureOutcome> {
      const { layer, pruning, scan, trigger } = report;
      const estimate = trigger && scan && inversionOf(scan, trigger.target)?.estimate;
      const config = withTrue
        ? smallConfig(folder, `${name}-true`, { backend, trigger: SMALL_TRIGGER })
        : path.join(folder, `${name}.fineprune.json`);
      return startMeasure(
        {
          config,
          root: temp.dir,
          allowedFolders: [],
          defended: files.model,
          layer: layer.name,
          units: pruning.units,
          rule: pruning.rule,
          ...(!withTrue && estimate && { estimated: { target: trigger.target, trigger: estimate } }),
          overrides: { backend },
        },
        quiet,
      );
    }

    it('guided: finds the trigger by itself, takes it out, and says what it rests on', async () => {
      const events: EngineEvent[] = [];
      const outcome = await run(
        'guided',
        { trigger: 'inverted', strategy: 'guided', gates: { maxAccuracyDrop: 0.03 } },
        events,
      );
      const { report } = outcome;
      assert.deepEqual(suspectedClasses(report.scan!), [SMALL_TRIGGER.target]);
      assert.deepEqual(report.trigger && [report.trigger.kind, report.trigger.source, report.trigger.target], [
        'inverted',
        'estimated',
        SMALL_TRIGGER.target,
      ]);
      assert.ok(
        report.stages.before.attackSuccessRate!.rate > 0.8 && report.stages.after.attackSuccessRate!.rate < 0.05,
        JSON.stringify(report.stages.after.attackSuccessRate),
      );
      assert.equal(report.verdict.word, 'mitigated, estimated trigger only', report.verdict.sentence);
      assert.match(report.verdict.sentence, /is based on a fresh scan alone/);
      assert.equal(
        report.gates[0]!.met,
        false,
        'an estimated trigger counts for the gate only where the config says so',
      );
      const [attempt] = report.attempts!;
      assert.ok(
        attempt!.rounds.length >= 2 && attempt!.keptRound >= 1 && attempt!.chosen && attempt!.met,
        attempt!.sentence,
      );
      assert.deepEqual(suspectedClasses(report.proof!.scan), []);
      assert.equal(report.proof?.basis, 'fresh scan');
      assert.ok(report.proof!.bounded[0]!.before.rate > 0.8 && report.proof!.bounded[0]!.after.rate < 0.05);
      // All test images of other classes, as the ASR: the scan's own success is on held-out ones.
      assert.deepEqual(
        [report.proof!.measuredOn, report.proof!.bounded[0]!.after.of],
        ['test', report.trigger!.inputs],
      );
      assert.equal(report.data.holdout.images, SMALL_COUNTS.train / 5, 'a fifth of the training images');
      assert.equal(report.pruning.rule, 'triggered-difference');
      assert.ok(report.findings.some(({ id }) => id === 'trigger-estimated'));
      // A scan of the same model may lie in the cache already, and then tells nothing of its classes.
      assert.ok(events.some(({ type }) => type === 'attempt'));

      // The attacker's own trigger, which the run never saw.
      const { stages } = await measure('guided', outcome, true);
      assert.ok(
        stages.before.attackSuccessRate!.rate > 0.9 && stages.after!.attackSuccessRate!.rate < 0.05,
        `true ASR ${stages.before.attackSuccessRate!.rate} → ${stages.after!.attackSuccessRate!.rate}`,
      );

      const again = compareMeasured(report, await measure('guided', outcome, false));
      assert.deepEqual(
        again.filter(({ outcome: how }) => how === 'fail'),
        [],
      );
    });

    // The rest on one backend: on so small a network WASM is the faster one.
    if (backend === 'wasm')
      it('auto: tries one after the other, measures the known trigger, and keeps the first that meets the gates', async () => {
        const events: EngineEvent[] = [];
        const { report } = await run(
          'auto',
          { trigger: SMALL_TRIGGER, strategy: 'auto', gates: { maxAccuracyDrop: 0.03 } },
          events,
        );
        const shares = events.flatMap((event) => (event.type === 'progress' ? [event.overall] : []));
        assert.ok(
          shares.every((share, i) => share >= (shares[i - 1] ?? 0) - 1e-9),
          'progress never goes back',
        );
        const repairing = events.flatMap((event) =>
          event.type === 'progress' && event.phase === 'repair' ? [event.overall] : [],
        );
        assert.ok(Math.max(...repairing) < 0.95, 'nor is it at its end before the repairs are');
        const tried = report.attempts!.map(({ strategy }) => strategy);
        assert.deepEqual(
          tried,
          (['fine-pruning', 'fine-pruning-conv', 'guided', 'head-reset'] as const).slice(0, tried.length),
        );
        assert.deepEqual(
          report.attempts!.map(({ met }) => met),
          tried.map((_, i) => i === tried.length - 1),
        );
        assert.deepEqual(
          report.attempts!.map(({ chosen }) => chosen),
          tried.map((_, i) => i === tried.length - 1),
        );
        assert.equal(report.verdict.word, 'mitigated', report.verdict.sentence);
        assert.equal(report.proof?.basis, 'known trigger and fresh scan');
        assert.ok(report.gates.every(({ met }) => met));
      });

    if (backend === 'wasm') {
      it('head-reset: needs no trigger, prunes nothing, and keeps nothing of a backdoor in the dense layers', async () => {
        const { report } = await run('head', {
          trigger: SMALL_TRIGGER,
          strategy: 'head-reset',
          gates: { maxAccuracyDrop: 0.03 },
        });
        assert.deepEqual([report.pruning.count, report.attempts!.length, report.attempts![0]!.layer], [0, 1, '']);
        assert.ok(report.stages.after.attackSuccessRate!.rate < 0.5, `${report.stages.after.attackSuccessRate!.rate}`);
        assert.deepEqual(report.stages.pruned, report.stages.before);
        assert.ok(!report.findings.some(({ id }) => id === 'nothing-pruned'));
      });

      it("prunes by the trigger's rise, as few units as meet the gates on held-out images", async () => {
        const outcome = await run('difference', {
          trigger: SMALL_TRIGGER,
          prune: { rule: 'triggered-difference', ratio: 'auto' },
          fineTune: { epochs: 0 },
          gates: { maxAccuracyDrop: 0.5, maxAttackSuccessRate: 0.1 },
        });
        const { report } = outcome;
        assert.ok(report.curve.smallestWithinGate, 'half of the accuracy is enough to get it out by pruning alone');
        assert.equal(report.pruning.count, report.curve.smallestWithinGate.pruned);
        assert.equal(report.pruning.amongTriggerRaised! > 0, true);
        assert.ok(report.stages.pruned.attackSuccessRate!.rate < report.stages.before.attackSuccessRate!.rate / 2);
        assert.deepEqual(
          compareMeasured(report, await measure('difference', outcome, false)).filter(
            ({ outcome: how }) => how === 'fail',
          ),
          [],
        );
      });

      it('begins with the scan that was made of its config alone, and writes the same bytes twice', async () => {
        const strategy = { trigger: 'inverted', strategy: 'fine-pruning-conv', seed: 5 };
        const few = { fineTuneImages: 1500, testImages: 1000 };
        const {
          placed,
          folder: place,
          name,
          ...inputs
        } = await scanInputs(smallConfig(folder, 'alone', { backend, ...strategy }, few), { root: temp.dir });
        const scan = (out: { folder: string; name: string } | null) =>
          startScan({ ...inputs, out, allowedFolders: [temp.dir], useCache: true }, quiet);
        const alone = await scan({ folder: place, name }).catch((error: unknown) => Promise.reject(placed(error)));
        assert.equal(alone.cached, false);
        const written: string[] = [];
        while (written.length < 2) {
          // The first begins with the kept scan, the second searches for itself.
          if (written.length === 1) rmSync(path.join(cacheFolder(), 'scans'), { recursive: true });
          const { report, files } = await run('alone', strategy, [], few);
          assert.deepEqual(report.scan, alone.report.scan);
          written.push(readFileSync(files.report, 'utf8'));
        }
        assert.equal(written[0], written[1]);
        assert.ok(!written[0]!.includes(temp.dir));
        assert.equal((await scan(null)).cached, true);
      });

      it('changes nothing where no trigger is known and none is found', async () => {
        const other = makeTempDir('fp-unpoisoned-');
        try {
          const made = await makeSmallBackdoor(other.dir, { backend, poisonRate: 0 });
          const config = smallConfig(made, 'unpoisoned', { backend, strategy: 'auto' });
          const { report, files } = await startEngine({ config, root: other.dir, allowedFolders: [] }, quiet);
          assert.deepEqual([report.scan?.word, report.repaired, files.model, report.trigger, report.attempts], [
            'nothing found',
            false,
            null,
            null,
            undefined,
          ] satisfies unknown[]);
          assert.equal(report.verdict.word, 'not measurable' satisfies DefenseReport['verdict']['word']);
          assert.ok(report.findings.some(({ id }) => id === 'no-trigger-found'));
        } finally {
          await other.remove();
        }
      });
    }
  });
}
