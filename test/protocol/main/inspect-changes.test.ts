import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeAction } from 'vscode-languageserver-protocol/node';
import { RUN_REQUEST, type RunResult } from '../../../server/protocol/messages/lsp';
import { waitFor } from '../../harness/poll';
import { Inspector } from '../inspector';
import { LanguageClient, uriOf } from '../language-client';
import { InspectedDemo } from './inspect-support';

describe('the inspector beside changes and runs', function () {
  this.timeout(240_000);
  const demo = new InspectedDemo('fp-inspect-changes-');

  it('says that a config has changed, and refuses questions about what it was', async () => {
    demo.inspector.changed.length = 0;
    await demo.save(demo.text.replace('"trigger": {', '"prune": { "ratio": 0.5 },\n  "trigger": {'));
    await waitFor('the news', () => demo.inspector.changed.length > 0);
    assert.deepEqual(demo.inspector.changed[0], { configUri: uriOf(demo.config) });
    const other = await demo.inspector.ask({ kind: 'open' });
    assert.deepEqual(
      [other.fingerprint, other.prune.ratio],
      [demo.overview.fingerprint, 0.5],
      'another ratio changes no answer',
    );

    await demo.save(demo.text.replace('"target": 0', '"target": 3'));
    const next = await demo.inspector.ask({ kind: 'open' });
    assert.notEqual(next.fingerprint, demo.overview.fingerprint);
    assert.equal(next.trigger?.target, 3);
    assert.equal(
      await demo.inspector.refusal({ kind: 'layer', fingerprint: 'f'.repeat(64), layer: 'dense_1', state: 'before' }),
      'inspect.changed',
    );

    await demo.save(demo.text.replace('"model.json"', '"nowhere.json"'));
    const broken = await demo.inspector.begin({ kind: 'open' }).result;
    assert.ok(!broken.ok && broken.failure.kind === 'input', JSON.stringify(broken));
    await demo.save(demo.text);
    assert.equal((await demo.inspector.ask({ kind: 'open' })).fingerprint, demo.overview.fingerprint);
  });

  it('says nothing of changes to configs that nobody looked into', async () => {
    const other = await LanguageClient.start([demo.dir]);
    try {
      const idle = new Inspector(other, uriOf(demo.config));
      await other.filesChanged(demo.config);
      // Once somebody has asked, every later change is told: the one before it would have come first.
      await idle.ask({ kind: 'open' });
      assert.deepEqual(idle.changed, []);
      await other.filesChanged(demo.config);
      await waitFor('the news', () => idle.changed.length > 0);
      assert.equal(idle.changed.length, 1);
    } finally {
      await other.stop();
    }
  });

  it('takes its questions while a run goes on, and offers the defended model afterwards', async () => {
    await demo.inspector.ask({ kind: 'open' });
    demo.inspector.changed.length = 0;
    const progress = demo.client.progress('beside');
    const running = demo.client.connection.sendRequest<RunResult>(RUN_REQUEST, {
      configUri: uriOf(demo.config),
      workDoneToken: 'beside',
    });
    await waitFor('the run', () => progress.length > 1, { deadlineMs: 60_000 });
    assert.equal((await demo.inspector.layer(demo.overview.fingerprint)).units, 128);
    const run = await running;
    assert.ok(run.ok, JSON.stringify(run));
    const { report, files } = run.outcome;
    await waitFor('the news', () => demo.inspector.changed.length > 0);

    const opened = await demo.inspector.ask({ kind: 'open' });
    assert.equal(opened.fingerprint, demo.overview.fingerprint);
    assert.deepEqual(opened.report, {
      verdict: { word: report.verdict.word, sentence: report.verdict.sentence },
      changed: [],
      layer: 'dense_1',
      pruned: report.pruning.units,
      after: true,
    });

    const [before, after] = [
      await demo.inspector.layer(opened.fingerprint),
      await demo.inspector.layer(opened.fingerprint, 'dense_1', 'after'),
    ];
    assert.deepEqual(
      Array.from(after.pruned.keys()).filter((unit) => after.pruned[unit]),
      [...report.pruning.units].sort((a, b) => a - b),
    );
    assert.ok(report.pruning.units.every((unit) => after.cleanMean[unit] === 0));
    report.layer.activations.forEach(({ cleanMean, triggeredMean }, unit) => {
      assert.ok(Math.abs(before.cleanMean[unit]! - cleanMean) < 1e-4 * (1 + Math.abs(cleanMean)), `unit ${unit}`);
      assert.ok(
        Math.abs(before.triggeredMean![unit]! - triggeredMean!) < 1e-4 * (1 + Math.abs(triggeredMean!)),
        `unit ${unit}`,
      );
    });
    assert.equal(before.curve.correct[0], report.stages.before.cleanAccuracy.hits);
    assert.equal(after.curve.correct[0], report.stages.after.cleanAccuracy.hits);
    assert.equal(after.curve.successful![0], report.stages.after.attackSuccessRate!.hits);
    const { examples } = await demo.inspector.ask({ kind: 'examples', fingerprint: opened.fingerprint, count: 4 });
    assert.ok(examples.every((one) => one.after !== null));

    // A config that has changed since leaves the defended model what it was; another defended model, or another model, does not.
    await demo.save(demo.text.replace('"trigger": {', '"prune": { "ratio": 0.5 },\n  "trigger": {'));
    const stale = await demo.inspector.ask({ kind: 'open' });
    assert.deepEqual([stale.report?.changed, stale.report?.after], [['the config (prune.ratio)'], true]);
    await demo.save(demo.text);
    for (const weights of [
      path.join(path.dirname(files.model!), 'weights.bin'),
      path.join(path.dirname(demo.config), 'weights.bin'),
    ]) {
      const bytes = readFileSync(weights);
      writeFileSync(weights, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
      const { report: now, fingerprint } = await demo.inspector.ask({ kind: 'open' });
      assert.equal(now?.after, false, weights);
      assert.equal(
        await demo.inspector.refusal({ kind: 'layer', fingerprint, layer: 'dense_1', state: 'after' }),
        'inspect.noDefended',
      );
      writeFileSync(weights, bytes);
    }
    assert.equal((await demo.inspector.ask({ kind: 'open' })).report?.after, true);
  });

  it('leads from the diagnostics of a run to layer and unit', async () => {
    const model = await demo.client.open(path.join(path.dirname(demo.config), 'model.json'), undefined, 'json');
    const diagnostics = await demo.client.diagnosed(model, 'the results', (found) =>
      found.some(({ code }) => code === 'result.pruned'),
    );
    const actions = await demo.client.at<CodeAction[]>('textDocument/codeAction', model, {
      range: diagnostics[0]!.range,
      context: { diagnostics },
    });
    const commands = actions.map(
      ({ command }) =>
        [command?.command, ...(command?.arguments ?? [])] as [string, string, { layer: string; unit?: number }],
    );
    const { cleanMean, triggeredMean } = await demo.inspector.layer(demo.overview.fingerprint);
    const rises = Array.from(cleanMean, (mean, unit) => triggeredMean![unit]! - mean);
    // So short a run leaves the backdoor in: the unit that the trigger raises most is named.
    assert.deepEqual(commands, [
      ['finePrune.inspect', uriOf(demo.config), { layer: 'dense_1' }],
      ['finePrune.inspect', uriOf(demo.config), { layer: 'dense_1', unit: rises.indexOf(Math.max(...rises)) }],
    ]);
    await demo.client.close(model);
  });
});
