import assert from 'node:assert/strict';
import { Inspections } from '../../../server/engine/inspect/inspections';
import type { InspectSubject } from '../../../server/protocol/messages/inspect-engine';
import { ATTACKED_TARGET, attackedConfig } from '../attacked-model';
import { assertAsReported, opened, subjectOf } from './support';
import { AttackedFolders, FASTEST, FEW, layer, limit, refusedWith, run, titles } from './estimated-support';

const UNITS = 32;

describe('what the inspector takes an estimated trigger from', function () {
  this.timeout(400_000);
  const folders = new AttackedFolders(true);

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
    const before = folders.scansKept();
    const strategy = await opened(attackedConfig(folders.harmless, 'strategy', null, { strategy: 'guided' }), 'wasm');
    assert.deepEqual(
      [(await strategy.ask({ kind: 'open' })).search?.word, folders.scansKept()],
      ['nothing found', before],
    );
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
    folders.forgetScans();
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
