import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { findNativeEngine } from '../../../server/engine/backend/native-sources';
import { Inspections } from '../../../server/engine/inspect/inspections';
import { runDefense } from '../../../server/engine/tasks/run';
import { PHASE_TITLES } from '../../../server/protocol/messages/engine';
import { FinePruneError } from '../../../server/protocol/errors';
import type { InspectSubject } from '../../../server/protocol/messages/inspect-engine';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { makeTempDir } from '../../harness/processes';
import { ATTACKED_TARGET, attackedConfig, makeAttacked } from '../attacked-model';
import { assertAsReported, BACKENDS, opened, subjectOf, type Asker, type Backend } from './support';

const SEARCHING = PHASE_TITLES.scan;
const UNITS = 32;
/** For what holds whatever computes. */
const FASTEST = BACKENDS[0];
const layer = { kind: 'layer', layer: 'neurons', state: 'before' } as const;
const limit = { kind: 'limit', layer: 'neurons', state: 'before' } as const;
/** A few units alone: the backdoor stays in, and a run has nothing to prove. */
const FEW = {
  prune: { rule: 'triggered-difference', ratio: 0.1 },
  fineTune: { epochs: 0 },
  gates: { maxAttackSuccessRate: 0.3, maxAccuracyDrop: 0.3 },
};

const run = async (config: string, backend: Backend): Promise<DefenseReport> =>
  (
    await runDefense(
      { config, allowedFolders: [], overrides: { backend } },
      () => undefined,
      new AbortController().signal,
    )
  ).report;
const titles = ({ told }: Asker): string[] => [...new Set(told.map(({ title }) => title))];
const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof FinePruneError && error.code === code;

describe('the inspector on an estimated trigger', function () {
  this.timeout(400_000);
  const temp = makeTempDir('fp-estimated-');
  const kept = { cache: process.env.FINE_PRUNE_CACHE, binding: process.env.FINE_PRUNE_NATIVE_BINDING };
  const folders = { attacked: path.join(temp.dir, 'attacked'), harmless: path.join(temp.dir, 'harmless') };
  let cache = '';
  /** Of the backends so far, each has kept one. */
  const keptBy = (backend: Backend): number => 1 + ([...BACKENDS] as Backend[]).indexOf(backend);
  const scansKept = (): number => readdirSync(path.join(cache, 'scans')).length;

  before(async () => {
    // Scans are kept in a cache of our own, and the native engine comes from where it is.
    const { path: binding } = await findNativeEngine();
    if (binding !== undefined) process.env.FINE_PRUNE_NATIVE_BINDING = binding;
    cache = path.join(temp.dir, 'cache');
    mkdirSync(cache);
    process.env.FINE_PRUNE_CACHE = cache;
    for (const folder of Object.values(folders)) mkdirSync(folder);
    await makeAttacked(folders.attacked);
    await makeAttacked(folders.harmless, { poisonRate: 0 });
  });
  after(async () => {
    for (const [name, value] of [
      ['FINE_PRUNE_CACHE', kept.cache],
      ['FINE_PRUNE_NATIVE_BINDING', kept.binding],
    ] as const) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await temp.remove();
  });

  for (const backend of BACKENDS) {
    describe(`on ${backend}`, () => {
      let asker: Asker;
      const config = (): string =>
        attackedConfig(folders.attacked, `estimated-${backend}`, 'inverted', { ...FEW, backend });

      it('searches it once, tells how far it is, ends when nobody waits, and keeps what it found', async () => {
        const inspections = new Inspections();
        const stop = new AbortController();
        const shares: number[] = [];
        const told = (title: string, overall: number): void => {
          if (title !== SEARCHING) return;
          shares.push(overall);
          if (overall > 0.01) stop.abort();
        };
        await assert.rejects(
          inspections.answer(subjectOf(config(), backend), { kind: 'open' }, told, stop.signal),
          (error: unknown) => error instanceof FinePruneError && error.kind === 'cancelled',
        );
        assert.ok(shares.at(-1)! < 0.1, `it went on to ${shares.at(-1)}`);

        asker = await opened(config(), backend, {}, inspections);
        const { trigger, search } = await asker.ask({ kind: 'open' });
        assert.deepEqual(
          asker.told.map(({ title }) => title),
          ['Reading model and data'],
          'the second time nothing is searched',
        );
        assert.deepEqual(trigger, { kind: 'inverted', target: ATTACKED_TARGET });
        assert.equal(search?.word, 'suspicious');
        assert.match(search.sentence, /^Suspicious: class 3: a mask of [\d.]+ pixels/);
        assert.ok(
          search.taken!.flagged && search.taken!.norm < 30 && search.taken!.success.rate > 0.75,
          JSON.stringify(search.taken),
        );

        const other = await opened(config(), backend);
        assert.equal(other.fingerprint, asker.fingerprint, 'another process takes it from the cache');
        assert.ok(!titles(other).includes(SEARCHING));
        assert.equal(scansKept(), keptBy(backend));
      });

      it('shows the figures of a run that estimates it: means, order, curve and the fewest units within the gate', async () => {
        const report = await run(config(), backend);
        assert.equal(scansKept(), keptBy(backend), 'the run took the same scan');
        assert.equal(report.trigger?.source, 'estimated');
        const data = await asker.ask(layer);
        assertAsReported(data, report);
        assert.deepEqual(titles(asker), [
          'Analysing 600 clean images',
          'Analysing 538 triggered images',
          'Measuring 600 held-out images',
          'Computing the pruning curve',
        ]);
        assert.ok(
          asker.told.every(({ overall }, i) => overall >= (asker.told[i - 1]?.overall ?? 0) && overall <= 1),
          'progress never goes back',
        );
        assert.ok(
          report.curve.smallestWithinGate && report.curve.smallestWithinGate.pruned > 0,
          JSON.stringify(report.curve.smallestWithinGate),
        );
        assert.deepEqual(await asker.ask(limit), {
          kind: 'limit',
          layer: 'neurons',
          state: 'before',
          limit: null,
          smallest: report.curve.smallestWithinGate,
        });

        const { found } = await asker.ask({ kind: 'scan' });
        assert.deepEqual(found, { source: 'trigger', file: null, scan: report.scan });
        const mask = await asker.ask({
          kind: 'mask',
          layer: 'neurons',
          state: 'before',
          units: Int32Array.from(report.pruning.units),
          scope: 'full',
        });
        assert.deepEqual(
          [mask.masked.cleanAccuracy, mask.masked.attackSuccessRate],
          [report.stages.pruned.cleanAccuracy, report.stages.pruned.attackSuccessRate],
        );
      });

      it('stamps its pictures and examples with it, and says in words that it is an estimate', async () => {
        const [unit] = (await asker.ask(layer)).order;
        const { sentence, top } = await asker.ask({ kind: 'unit', layer: 'neurons', state: 'before', unit: unit! });
        assert.match(sentence, /the estimated trigger/);
        assert.ok(top.triggered!.length > 0);
        const { examples, target } = await asker.ask({ kind: 'examples', count: 4 });
        assert.equal(target, ATTACKED_TARGET);
        for (const { clean, triggered, label } of examples) {
          assert.notDeepEqual(clean, triggered);
          assert.notEqual(label, ATTACKED_TARGET);
        }
      });

      it('orders by a known trigger as a run does', async () => {
        const known = attackedConfig(
          folders.attacked,
          `known-${backend}`,
          { kind: 'patch', target: ATTACKED_TARGET },
          { ...FEW, backend },
        );
        const report = await run(known, backend);
        const here = await opened(known, backend);
        assertAsReported(await here.ask(layer), report);
        assert.deepEqual((await here.ask(limit)).smallest, report.curve.smallestWithinGate);
        assert.ok(report.curve.smallestWithinGate);
        const overview = await here.ask({ kind: 'open' });
        assert.deepEqual(
          [overview.search, overview.prune.guide, overview.prune.rule],
          [null, 'known', 'triggered-difference'],
        );
      });
    });
  }

  describe('whatever computes', () => {
    it('searches nothing where it may only look, and answers nothing about what it has not searched', async () => {
      const config = attackedConfig(folders.attacked, 'look', 'inverted', { seed: 5 });
      const asker = await opened(attackedConfig(folders.attacked, 'estimated-wasm', 'inverted', FEW), 'wasm');
      const looked = await asker.inspections.answer(
        subjectOf(config, 'wasm'),
        { kind: 'open', search: false },
        () => undefined,
        new AbortController().signal,
      );
      assert.ok(looked.kind === 'open');
      assert.deepEqual([looked.trigger, looked.search], [null, null]);
      const before = scansKept();
      const known = await asker.inspections.answer(
        asker.subject,
        { kind: 'open', search: false },
        () => undefined,
        new AbortController().signal,
      );
      assert.ok(
        known.kind === 'open' && known.fingerprint === asker.fingerprint && known.trigger !== null,
        'what is known it says',
      );
      assert.equal(scansKept(), before);
      const { held } = asker.inspections;
      assert.equal(held.subjects, 1, 'a model whose trigger is still to be searched is no subject of questions');
    });

    it('is about another model when the estimate is another one', async () => {
      const fingerprintOf = async (more: Record<string, unknown>): Promise<string> =>
        (
          await opened(
            attackedConfig(folders.attacked, 'images', { kind: 'inverted', target: ATTACKED_TARGET }, more),
            FASTEST,
          )
        ).fingerprint;
      // Not a field that changes an answer by itself: but masks are searched on these images.
      const [all, few] = [
        await fingerprintOf({}),
        await fingerprintOf({ data: { ...dataOf(folders.attacked), fineTuneImages: 300 } }),
      ];
      assert.notEqual(all, few);
      const described = async (fineTuneImages: number): Promise<string> =>
        (
          await opened(
            attackedConfig(
              folders.attacked,
              'images',
              { kind: 'patch', target: ATTACKED_TARGET },
              { data: { ...dataOf(folders.attacked), fineTuneImages } },
            ),
            FASTEST,
          )
        ).fingerprint;
      assert.equal(await described(300), await described(400));
    });

    it('says that a search found nothing, and shows what there is without a trigger', async () => {
      const config = attackedConfig(folders.harmless, 'nothing', 'inverted', { ...FEW, backend: 'wasm' });
      const asker = await opened(config, 'wasm');
      const { trigger, search, images, prune } = await asker.ask({ kind: 'open' });
      assert.deepEqual([trigger, images.triggered, prune.guide], [null, null, null]);
      assert.deepEqual([search?.word, search?.taken], ['nothing found', null]);
      assert.match(search!.sentence, /^Nothing found: .*Tried: trigger inversion for all 10 classes/);
      const report = await run(config, 'wasm');
      const data = await asker.ask(layer);
      assertAsReported(data, report);
      assert.deepEqual([data.triggeredMean, data.curve.successful], [null, null]);
      assert.deepEqual((await asker.ask(limit)).limit, report.curve.largestWithinLimit);
      await assert.rejects(asker.ask({ kind: 'examples', count: 2 }), refusedWith('inspect.noTrigger'));
      assert.deepEqual((await asker.ask({ kind: 'scan' })).found?.scan, report.scan);

      // A strategy without a trigger is searched for one too; the same scan serves it.
      const before = scansKept();
      const strategy = await opened(attackedConfig(folders.harmless, 'strategy', null, { strategy: 'guided' }), 'wasm');
      assert.deepEqual([(await strategy.ask({ kind: 'open' })).search?.word, scansKept()], ['nothing found', before]);
      assert.ok(data.units === UNITS);
    });

    it('takes the class that is named, and refuses one that the model has not before it searches', async () => {
      const named = await opened(attackedConfig(folders.attacked, 'named', { kind: 'inverted', target: 7 }), FASTEST);
      const { trigger, search } = await named.ask({ kind: 'open' });
      assert.deepEqual([trigger?.target, search?.word, search?.taken?.flagged], [7, 'suspicious', false]);
      const wrong = attackedConfig(folders.attacked, 'wrong', { kind: 'inverted', target: 12 });
      const titlesTold: string[] = [];
      await assert.rejects(
        new Inspections().answer(
          subjectOf(wrong, FASTEST),
          { kind: 'open' },
          (title) => titlesTold.push(title),
          new AbortController().signal,
        ),
        refusedWith('trigger.target'),
      );
      assert.deepEqual(titlesTold, ['Reading model and data']);
    });

    it('takes from a report what a strategy pruned, and nothing that does not fit the model', async () => {
      const config = attackedConfig(
        folders.attacked,
        'strategy',
        { kind: 'patch', target: ATTACKED_TARGET },
        { strategy: 'guided' },
      );
      type Repaired = NonNullable<InspectSubject['repaired']>;
      const fits: Repaired = { strategy: 'guided', layer: 'channels', rule: 'clean-mean', guide: null };
      const small = { mask: 'AAAA', pattern: 'AAAA' };
      const whole = {
        mask: Buffer.alloc(784, 9).toString('base64'),
        pattern: Buffer.alloc(784, 255).toString('base64'),
      };
      const raised = (guide: Repaired['guide']): Repaired => ({
        strategy: 'guided',
        layer: 'neurons',
        rule: 'triggered-difference',
        guide,
      });
      const seen = async (repaired: Repaired | null): Promise<[string, string, string | null]> => {
        const { chosen, prune } = await (await opened(config, 'wasm', { repaired })).ask({ kind: 'open' });
        return [chosen, prune.rule, prune.guide];
      };
      assert.deepEqual(await seen(null), ['neurons', 'triggered-difference', 'known'], 'as the strategy begins');
      assert.deepEqual(await seen(fits), ['channels', 'clean-mean', null]);
      assert.deepEqual(await seen({ ...fits, layer: 'none' }), ['neurons', 'triggered-difference', 'known']);
      assert.deepEqual(
        await seen({ ...fits, strategy: 'auto' }),
        ['neurons', 'triggered-difference', 'known'],
        'of another strategy',
      );
      assert.deepEqual(await seen(raised({ target: ATTACKED_TARGET, trigger: whole })), [
        'neurons',
        'triggered-difference',
        'estimated',
      ]);
      for (const guide of [null, { target: 99, trigger: whole }, { target: ATTACKED_TARGET, trigger: small }])
        assert.deepEqual(await seen(raised(guide)), ['neurons', 'triggered-difference', 'known']);
      const one = await opened(config, 'wasm', { repaired: raised({ target: ATTACKED_TARGET, trigger: whole }) });
      assert.notEqual(one.fingerprint, (await opened(config, 'wasm')).fingerprint, 'another order is another answer');
    });

    it('knows of a scan only what was searched before, where the trigger is described', async () => {
      const config = attackedConfig(
        folders.attacked,
        'described',
        { kind: 'patch', target: ATTACKED_TARGET },
        { seed: 9 },
      );
      const asker = await opened(config, FASTEST);
      assert.deepEqual(await asker.ask({ kind: 'scan' }), { kind: 'scan', found: null });
      // The named class is wanted by both: a run of this config with a strategy would take this scan.
      const estimated = await opened(
        attackedConfig(folders.attacked, 'wanted', { kind: 'inverted', target: ATTACKED_TARGET }, { seed: 9 }),
        FASTEST,
      );
      const { found } = await asker.ask({ kind: 'scan' });
      assert.deepEqual([found?.source, found?.scan], ['cache', (await estimated.ask({ kind: 'scan' })).found?.scan]);
      rmSync(path.join(cache, 'scans'), { recursive: true });
      assert.equal((await asker.ask({ kind: 'scan' })).found, null);
      assert.equal(
        (await estimated.ask({ kind: 'scan' })).found?.source,
        'trigger',
        'kept for as long as the process lives',
      );
      await estimated.ask({ kind: 'open' });
      assert.deepEqual(titles(estimated), ['Reading model and data']);
    });
  });
});

/** The data of the config that `attackedConfig` writes, for further fields. */
function dataOf(folder: string): object {
  const split = (role: string): object => ({
    images: `data/${role}-images-idx3-ubyte`,
    labels: `data/${role}-labels-idx1-ubyte`,
  });
  assert.ok(readdirSync(path.join(folder, 'data')).length >= 4);
  return { train: split('train'), test: split('t10k') };
}
