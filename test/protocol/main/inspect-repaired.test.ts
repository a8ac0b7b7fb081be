import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LayerData } from '../../../server/protocol/messages/inspect';
import { RUN_REQUEST, SCAN_REQUEST, type RunResult, type ScanAnswer } from '../../../server/protocol/messages/lsp';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { parseToInspector } from '../../../server/protocol/messages/inspector-view';
import { ATTACKED_TARGET, attackedConfig, makeAttacked } from '../../engine/attacked-model';
import { assertAsReported } from '../../engine/inspect/support';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { Inspector } from '../inspector';
import { LanguageClient, uriOf } from '../language-client';

const PATCH = { kind: 'patch', target: ATTACKED_TARGET };
const marked = (flags: Uint8Array): number[] => [...flags.keys()].filter((unit) => flags[unit]);

describe('the inspector of a model that a strategy repaired', function () {
  this.timeout(400_000);
  const temp = makeTempDir('fp-inspect-repaired-');
  const cache = path.join(temp.dir, 'cache');
  const kept = process.env.FINE_PRUNE_CACHE;
  let client: LanguageClient;

  before(async () => {
    process.env.FINE_PRUNE_CACHE = cache;
    await makeAttacked(temp.dir);
    client = await LanguageClient.start([temp.dir]);
  });
  after(async () => {
    await client.stop();
    if (kept === undefined) delete process.env.FINE_PRUNE_CACHE;
    else process.env.FINE_PRUNE_CACHE = kept;
    await temp.remove();
  });

  const run = async (config: string): Promise<DefenseReport> => {
    const result = await client.connection.sendRequest<RunResult>(RUN_REQUEST, { configUri: uriOf(config) });
    assert.ok(result.ok, JSON.stringify(result));
    await client.filesChanged(config);
    return result.outcome.report;
  };
  /** A layer in both states, as the page takes it. */
  const both = async (inspector: Inspector, fingerprint: string, layer: string): Promise<[LayerData, LayerData]> => {
    const states = [await inspector.layer(fingerprint, layer), await inspector.layer(fingerprint, layer, 'after')] as [
      LayerData,
      LayerData,
    ];
    for (const answer of states) parseToInspector({ type: 'answer', id: 1, answer });
    return states;
  };

  it('shows the layer, the order and the units that a guided repair chose, by the estimate that it went by', async () => {
    const config = attackedConfig(temp.dir, 'guided', PATCH, {
      strategy: 'guided',
      backend: 'wasm',
      gates: { maxAccuracyDrop: 0.03 },
    });
    const inspector = new Inspector(client, uriOf(config));
    const first = await inspector.ask({ kind: 'open' });
    assert.deepEqual(
      [first.strategy, first.chosen, first.prune],
      ['guided', 'neurons', { ratio: 'auto', rule: 'triggered-difference', guide: 'known', units: null }],
    );
    assert.equal((await inspector.ask({ kind: 'scan', fingerprint: first.fingerprint })).found, null);

    const report = await run(config);
    assert.ok(report.pruning.count > 0 && report.scan && report.attempts, 'the repair pruned');
    const now = await inspector.ask({ kind: 'open' });
    assert.deepEqual(
      [now.strategy, now.chosen, now.prune.rule, now.prune.guide, now.trigger?.kind],
      ['guided', report.layer.name, report.pruning.rule, 'estimated', 'patch'],
    );
    assert.deepEqual(
      [now.report?.layer, now.report?.pruned, now.report?.changed, now.report?.after],
      [report.layer.name, report.pruning.units, [], true],
    );
    const [before, after] = await both(inspector, now.fingerprint, report.layer.name);
    assertAsReported(before, report);
    assert.deepEqual(
      marked(after.pruned),
      [...report.pruning.units].sort((a, b) => a - b),
    );
    assert.deepEqual(
      [after.curve.correct[0], after.curve.successful![0]],
      [report.stages.after.cleanAccuracy.hits, report.stages.after.attackSuccessRate!.hits],
    );
    const { limit, smallest } = await inspector.ask({
      kind: 'limit',
      fingerprint: now.fingerprint,
      layer: report.layer.name,
      state: 'before',
    });
    assert.ok(
      limit === null && (smallest === null || smallest.pruned === report.pruning.count),
      JSON.stringify({ smallest, pruned: report.pruning.count }),
    );

    // The run has left its scan in the cache; where that is not, as after a checkout, the report has it.
    const kinds: (string | undefined)[] = [];
    for (const gone of [false, true]) {
      if (gone) rmSync(path.join(cache, 'scans'), { recursive: true });
      const answer = await inspector.ask({ kind: 'scan', fingerprint: now.fingerprint });
      parseToInspector({ type: 'answer', id: 1, answer });
      assert.deepEqual(answer.found?.scan, report.scan);
      kinds.push(answer.found?.source);
    }
    assert.deepEqual(kinds, ['cache', 'report']);

    // Another strategy in the config: what the report says was pruned is not what this one would.
    attackedConfig(temp.dir, 'guided', PATCH, { strategy: 'fine-pruning-conv', backend: 'wasm' });
    await client.filesChanged(config);
    const other = await inspector.ask({ kind: 'open' });
    assert.deepEqual([other.chosen, other.prune.rule, other.prune.guide], ['channels', 'clean-mean', null]);
    const channels = await run(config);
    assert.deepEqual([channels.layer.name, channels.attempts?.length], ['channels', 1]);
    const then = await inspector.ask({ kind: 'open' });
    const [asItCame, pruned] = await both(inspector, then.fingerprint, 'channels');
    assertAsReported(asItCame, channels);
    assert.deepEqual(
      marked(pruned.pruned),
      [...channels.pruning.units].sort((a, b) => a - b),
    );
  });

  it('looks into a model of which nothing was pruned, on a trigger that it estimates', async () => {
    const config = attackedConfig(temp.dir, 'reset', 'inverted', { strategy: 'head-reset', backend: 'wasm' });
    const inspector = new Inspector(client, uriOf(config));
    const searching = inspector.begin({ kind: 'open' });
    await searching.reported(/^Searching for a trigger for each class$/);
    searching.cancel();
    const cancelled = await searching.result;
    assert.ok(!cancelled.ok && cancelled.failure.kind === 'cancelled', JSON.stringify(cancelled));

    const report = await run(config);
    assert.deepEqual([report.pruning.units, report.repaired, report.trigger?.source], [[], true, 'estimated']);
    const now = await inspector.ask({ kind: 'open' });
    assert.ok(
      !inspector.progress.some(({ token, title }) => token !== searching.token && /Searching/.test(title)),
      'the run has searched it',
    );
    assert.deepEqual(
      [now.trigger, now.search?.word, now.search?.taken?.flagged],
      [{ kind: 'inverted', target: ATTACKED_TARGET }, 'suspicious', true],
    );
    assert.deepEqual(
      [now.strategy, now.chosen, now.report?.pruned, now.report?.after],
      ['head-reset', report.layer.name, [], true],
    );
    const [before, after] = await both(inspector, now.fingerprint, report.layer.name);
    assertAsReported(before, report);
    assert.deepEqual([marked(before.pruned), marked(after.pruned)], [[], []]);
    assert.deepEqual(
      [after.curve.correct[0], after.curve.successful![0]],
      [report.stages.after.cleanAccuracy.hits, report.stages.after.attackSuccessRate!.hits],
    );
    const mask = await inspector.ask({
      kind: 'mask',
      fingerprint: now.fingerprint,
      layer: report.layer.name,
      state: 'after',
      units: Int32Array.of(1, 2),
      scope: 'full',
    });
    assert.equal(mask.unmasked.cleanAccuracy.hits, report.stages.after.cleanAccuracy.hits);
    const { examples } = await inspector.ask({ kind: 'examples', fingerprint: now.fingerprint, count: 4 });
    assert.ok(examples.every((one) => one.after !== null));
    const { found } = await inspector.ask({ kind: 'scan', fingerprint: now.fingerprint });
    assert.deepEqual([found?.source, found?.scan], ['trigger', report.scan]);
  });

  it('shows the scan that lies beside a config, as long as it is of this very model', async () => {
    const config = attackedConfig(temp.dir, 'known', PATCH, { backend: 'wasm', seed: 21 });
    const inspector = new Inspector(client, uriOf(config));
    const { fingerprint } = await inspector.ask({ kind: 'open' });
    assert.equal((await inspector.ask({ kind: 'scan', fingerprint })).found, null);
    inspector.changed.length = 0;
    const answer = await client.connection.sendRequest<ScanAnswer>(SCAN_REQUEST, { uri: uriOf(config) });
    assert.ok(answer.ok && answer.outcome.file, JSON.stringify(answer));
    await client.filesChanged(answer.outcome.file);
    await waitFor('the news', () => inspector.changed.some(({ configUri }) => configUri === uriOf(config)));
    assert.equal((await inspector.ask({ kind: 'open' })).fingerprint, fingerprint, 'a scan changes no figure');
    const { found } = await inspector.ask({ kind: 'scan', fingerprint });
    assert.deepEqual(
      [found?.source, found?.file, found?.scan],
      ['file', 'known.scan.json', answer.outcome.report.scan],
    );

    // What is no scan of ours is none, and so is one of another model: then it is the one that was kept.
    const kept = async () => {
      const { found: other } = await inspector.ask({ kind: 'scan', fingerprint });
      assert.deepEqual([other?.source, other?.file, other?.scan], ['cache', null, answer.outcome.report.scan]);
    };
    writeFileSync(
      answer.outcome.file,
      readFileSync(answer.outcome.file, 'utf8').replace(/"weights": "[0-9a-f]{64}"/, `"weights": "${'0'.repeat(64)}"`),
    );
    await client.filesChanged(answer.outcome.file);
    await kept();
    writeFileSync(answer.outcome.file, '{"scan": 7}');
    await client.filesChanged(answer.outcome.file);
    await kept();
  });
});
