import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import type { EngineEvent } from '../../../server/protocol/messages/engine';
import type { DefenseReport } from '../../../server/protocol/report/report';
import schema from '../../../schemas/defense-report.schema.json';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { run } from './support';

const backends = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? (['wasm'] as const) : (['native', 'wasm'] as const);
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

const ids = (report: DefenseReport) => report.findings.map((f) => f.id);

describe('a run, in its own process', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-run-');
  const counts = { train: 600, test: 400 };
  let number = 0;
  const demo = (more: string) => makeDemo(path.join(temp.dir, `${number++}`), counts, demoConfig(more));
  after(() => temp.remove());

  for (const backend of backends) {
    it(`writes the same bytes twice, valid by the schema, nothing of this machine in them (${backend})`, async () => {
      const config = await demo(`"backend": "${backend}", "data_": 0`.replace(', "data_": 0', ''));
      const before = readFileSync(path.join(path.dirname(config), 'weights.bin'));
      const texts: string[] = [];
      const weights: Buffer[] = [];
      for (let i = 0; i < 2; i++) {
        const { files, report } = await run(config);
        texts.push(readFileSync(files.report, 'utf8'));
        weights.push(readFileSync(path.join(path.dirname(files.model!), 'weights.bin')));
        assert.equal(path.relative(path.dirname(config), files.model!), path.join('demo.defended', 'model.json'));
        assert.deepEqual(JSON.parse(texts[i]!), JSON.parse(JSON.stringify(report)));
      }
      assert.equal(texts[0], texts[1]);
      assert.ok(weights[0]!.equals(weights[1]!));
      assert.ok(!weights[0]!.equals(before), 'fine-tuning has changed the weights');
      assert.ok(
        readFileSync(path.join(path.dirname(config), 'weights.bin')).equals(before),
        'the input model is as it was',
      );
      assert.ok(validate(JSON.parse(texts[0]!)), JSON.stringify(validate.errors));
      assert.ok(!texts[0]!.includes(temp.dir) && !texts[0]!.includes(process.cwd()));
      const report = JSON.parse(texts[0]!) as DefenseReport;
      assert.equal(report.provenance.backend, backend);
      assert.equal(report.pruning.count, 25);
      assert.equal(report.verdict.word, 'not mitigated');
      const { pruned } = report.stages;
      const point = report.curve.points[25]!;
      assert.deepEqual(
        [point.correct, point.successful],
        [pruned.cleanAccuracy.hits, pruned.attackSuccessRate!.hits],
        'the curve and the pruned model agree',
      );
      // What was pruned is silent in the file that was written.
      const kernel = new Float32Array(
        weights[0]!.buffer.slice(weights[0]!.byteOffset, weights[0]!.byteOffset + weights[0]!.length),
        (320 + 18496) * 4,
        1600 * 128,
      );
      for (const u of report.pruning.units)
        assert.ok(
          kernel.every((v, i) => i % 128 !== u || v === 0),
          `neuron ${u}`,
        );
      assert.deepEqual(readdirSync(path.dirname(config)).sort(), [
        'data',
        'demo.defended',
        'demo.defense.json',
        'demo.defense.md',
        'demo.fineprune.json',
        'model.json',
        'weights.bin',
      ]);
    });
  }

  it('tells progress from 0 to 1, every stage, and the backend with its reason', async () => {
    const events: EngineEvent[] = [];
    await run(await demo('"backend": "wasm", "fineTune": { "epochs": 1 }'), {}, (e) => events.push(e));
    const overall = events.flatMap((e) => (e.type === 'progress' ? [e.overall] : []));
    assert.ok(
      overall.every((o, i) => i === 0 || o >= overall[i - 1]! - 1e-9),
      'progress never goes back',
    );
    assert.ok(overall.at(-1)! > 0.95);
    assert.deepEqual(
      events.flatMap((e) => (e.type === 'stage' ? [e.stage] : [])),
      ['before', 'pruned', 'after'],
    );
    const told = events.find((e) => e.type === 'backend');
    assert.ok(told?.type === 'backend' && told.name === 'wasm' && told.why.length > 10);
  });

  it('chooses the ratio on held-out images and analyses them when asked to', async () => {
    const config = await demo('"backend": "wasm", "prune": { "ratio": "auto" }, "fineTune": { "epochs": 0 }');
    const text = readFileSync(config, 'utf8').replace('"data": {', '"data": { "holdout": 200, "analysis": "holdout",');
    writeFileSync(config, text);
    const { report } = await run(config);
    const { largestWithinLimit } = report.curve;
    assert.equal(largestWithinLimit?.heldOut.images, 200);
    assert.equal(report.pruning.count, largestWithinLimit?.pruned);
    assert.ok(report.pruning.count >= 25, `${report.pruning.count}`);
    assert.deepEqual(report.data.analysis, { role: 'holdout', images: 200 });
    assert.equal(report.data.fineTune.images, 400);
    assert.ok(!ids(report).includes('analysis-on-test-set'));
    assert.equal(report.fineTuning.steps, 0);
  });

  it('says "not measurable" without a trigger, and misses its gate', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 0 }');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/"trigger": \{[^}]*\},/, ''));
    const { report } = await run(config);
    assert.equal(report.verdict.word, 'not measurable');
    assert.equal(report.gates.find((g) => g.id === 'maxAttackSuccessRate')?.met, false);
    assert.ok(ids(report).includes('trigger-unknown'));
  });

  it('says that a trigger without effect has none', async () => {
    const config = await demo('"backend": "wasm", "fineTune": { "epochs": 0 }');
    writeFileSync(config, readFileSync(config, 'utf8').replace('"target": 0', '"target": 7, "value": 0.01'));
    const { report } = await run(config);
    assert.equal(report.verdict.word, 'no effect before', report.verdict.sentence);
  });

  it('finds data that do not fit the model, and repairs nothing', async () => {
    const config = await demo('"backend": "wasm"');
    writeFileSync(config, readFileSync(config, 'utf8').replace('"data": {', '"data": { "mean": 30, "std": 0.01,'));
    const { report, files } = await run(config);
    assert.equal(report.repaired, false);
    assert.equal(report.findings[0]?.id, 'accuracy-near-chance');
    assert.equal(report.model.after, null);
    assert.equal(files.model, null);
    assert.deepEqual([report.pruning.count, report.fineTuning.steps], [0, 0]);
    assert.ok(report.gates.every((g) => !g.met));
    assert.ok(!existsSync(path.join(path.dirname(config), 'demo.defended')));
  });

  it('prunes a convolution that is named, on the same images', async () => {
    const { report } = await run(await demo('"backend": "wasm", "layer": "conv2d_2", "fineTune": { "epochs": 0 }'));
    assert.deepEqual(
      [report.layer.kind, report.layer.units, report.pruning.count, report.layer.chosen],
      ['Conv2D', 64, 12, 'named'],
    );
    assert.equal(report.curve.points.length, 65);
    const point = report.curve.points[12]!;
    assert.ok(Math.abs(point.correct - report.stages.pruned.cleanAccuracy.hits) <= 1);
  });

  it('computes the curve on all images when it is asked to, and says when it did not', async () => {
    const config = await makeDemo(
      path.join(temp.dir, `${number++}`),
      { train: 600, test: 550 },
      demoConfig(`"backend": "${backends[0]}", "layer": "conv2d_1", "fineTune": { "epochs": 0 }`),
    );
    const { report: quick } = await run(config);
    assert.ok(quick.curve.subset && quick.curve.images < 550, `${quick.curve.images}`);
    assert.ok(ids(quick).includes('curve-subset'));
    const { report: full } = await run(config, { overrides: { curve: 'full' } });
    assert.deepEqual([full.curve.subset, full.curve.images, full.provenance.config.curve], [false, 550, 'full']);
    assert.ok(!ids(full).includes('curve-subset'));
  });
});
