import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Inspections } from '../../../server/engine/inspect/inspections';
import { PHASE_TITLES } from '../../../server/protocol/messages/engine';
import { FinePruneError } from '../../../server/protocol/errors';
import { ATTACKED_TARGET, attackedConfig } from '../attacked-model';
import { assertAsReported, BACKENDS, opened, subjectOf, type Asker, type Backend } from './support';
import { AttackedFolders, FASTEST, FEW, layer, limit, run, titles } from './estimated-support';

const SEARCHING = PHASE_TITLES.scan;

describe('the inspector on an estimated trigger', function () {
  this.timeout(400_000);
  const folders = new AttackedFolders(false);
  /** Of the backends so far, each has kept one. */
  const keptBy = (backend: Backend): number => 1 + ([...BACKENDS] as Backend[]).indexOf(backend);

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
        assert.match(
          search.sentence,
          /^Suspicious: a mask of [\d.]+ pixels sends [\d.]+ % of other images to class 3 /,
        );
        assert.ok(
          search.taken!.flagged && search.taken!.norm < 30 && search.taken!.success.rate > 0.75,
          JSON.stringify(search.taken),
        );

        const other = await opened(config(), backend);
        assert.equal(other.fingerprint, asker.fingerprint, 'another process takes it from the cache');
        assert.ok(!titles(other).includes(SEARCHING));
        assert.equal(folders.scansKept(), keptBy(backend));
      });

      it('shows the figures of a run that estimates it: means, order, curve and the fewest units within the gate', async () => {
        const report = await run(config(), backend);
        assert.equal(folders.scansKept(), keptBy(backend), 'the run took the same scan');
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
      const before = folders.scansKept();
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
      assert.equal(folders.scansKept(), before);
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
