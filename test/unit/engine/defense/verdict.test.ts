import assert from 'node:assert/strict';
import type { DefenseReport, UnitActivation } from '../../../../server/protocol/report/report';
import type { Facts } from '../../../../server/engine/report/findings/facts';
import { findings } from '../../../../server/engine/report/findings/findings';
import { judge, judgeGates } from '../../../../server/engine/defense/verdict';
import { rateOf, referenceReport } from '../../../fixtures/report';
import { percent } from '../../../../server/protocol/words';

function unit(cleanMean: number, triggeredMean: number | null): UnitActivation {
  return {
    cleanMean,
    cleanMeanAbs: Math.abs(cleanMean),
    cleanFires: 0,
    triggeredMean,
    triggeredFires: triggeredMean === null ? null : triggeredMean && 1,
  };
}

/** Four units of which 0 and 1 are pruned, both dead. */
function withPruned(first: UnitActivation, second: UnitActivation, pruningChanged: number): string[] {
  const { layer, pruning, ...rest } = referenceReport();
  const facts: Facts = {
    ...rest,
    layer: { ...layer, units: 4, dead: [0, 1], activations: [first, second, unit(1, 1), unit(1, 1)] },
    pruning: { ...pruning, count: 2, units: [0, 1], dead: 2 },
    pruningChanged,
    canBeNegative: false,
    samplesOfTargetClass: 0,
  };
  return findings(facts)
    .filter((f) => f.id.startsWith('prun'))
    .map((f) => f.id);
}

function judged(successfulAfter: number, of: number): DefenseReport['verdict'] {
  const report = referenceReport();
  report.stages.before.attackSuccessRate = rateOf(of, of);
  report.stages.after.attackSuccessRate = rateOf(successfulAfter, of);
  return judge(report, report.provenance.config.gates);
}

describe('findings about pruning', () => {
  it('say that dead units changed nothing when no prediction changed', () => {
    assert.deepEqual(withPruned(unit(0, 0), unit(0, 1e-6), 0), ['pruned-all-dead']);
  });

  it('do not say so of units that only the trigger wakes: those are what the method looks for', () => {
    assert.deepEqual(withPruned(unit(0, 3), unit(0, 2), 9000), []);
    assert.deepEqual(
      withPruned(unit(0, 3), unit(0, 0), 9000),
      ['pruned-mostly-dead'],
      'half of them did change nothing',
    );
  });

  it('speak of the rule only where it chose the units', () => {
    const ids = (ratio: number | null) => {
      const report = referenceReport();
      report.pruning.ratio = ratio;
      return findings({ ...report, pruningChanged: 100, canBeNegative: true, samplesOfTargetClass: 0 }).map(
        (f) => f.id,
      );
    };
    assert.ok(ids(0.2).includes('negative-activations'));
    assert.ok(!ids(null).includes('negative-activations'));
  });

  it('do not say so of units that are constant but not 0', () => {
    assert.deepEqual(withPruned(unit(0.5, 0.5), unit(0.7, 0.7), 12), []);
  });
});

describe('findings about accuracy and fine-tuning', () => {
  const idsWith = (change: (report: DefenseReport) => void): string[] => {
    const report = referenceReport();
    change(report);
    return findings({ ...report, pruningChanged: 100, canBeNegative: false, samplesOfTargetClass: 0 }).map((f) => f.id);
  };

  it('ask whether data and model belong together when accuracy is low, though above chance', () => {
    assert.ok(idsWith(({ stages }) => (stages.before.cleanAccuracy = rateOf(3600, 10000))).includes('accuracy-low'));
    assert.ok(!idsWith(() => undefined).includes('accuracy-low'));
  });

  it('say that fine-tuning brought the backdoor back', () => {
    const asr = (before: number, pruned: number, after: number) =>
      idsWith(({ stages }) => {
        stages.before.attackSuccessRate = rateOf(before, 1000);
        stages.pruned.attackSuccessRate = rateOf(pruned, 1000);
        stages.after.attackSuccessRate = rateOf(after, 1000);
      });
    assert.ok(asr(1000, 679, 1000).includes('fine-tuning-restored-backdoor'));
    assert.ok(asr(768, 770, 951).includes('fine-tuning-restored-backdoor'));
    assert.ok(!asr(1000, 1000, 900).includes('fine-tuning-restored-backdoor'));
  });
});

describe('a verdict', () => {
  it('names the bound that it rests on when the rate alone is within the limit', () => {
    const { word, sentence } = judged(3, 100);
    assert.equal(word, 'not mitigated');
    assert.match(sentence, /not been shown .* on 3 % of inputs .*on 100 inputs up to 8\.5 % can't be ruled out/);
  });

  it('says plainly that the backdoor is there when the rate is above the limit', () => {
    assert.match(judged(900, 1000).sentence, /still there: .* on 90 % of inputs/);
  });

  it('is mitigated when the bound is within the limit', () => {
    assert.equal(judged(0, 9020).word, 'mitigated');
  });
});

describe('a share in a sentence', () => {
  it('is never rounded to all or nothing', () => {
    assert.deepEqual([0, 0.00001, 0.0006, 0.9887, 0.99998, 1].map(percent), [
      '0 %',
      '0.001 %',
      '0.06 %',
      '98.9 %',
      '99.998 %',
      '100 %',
    ]);
  });
});

describe('the verdict after a fresh inversion', () => {
  const scan = (flagged: number[]): NonNullable<DefenseReport['scan']> => ({
    word: flagged.length ? 'suspicious' : 'nothing found',
    sentence: 'What was tried.',
    suspects: flagged.map((target) => ({ target, score: 2, methods: ['neural-cleanse'] })),
    images: { search: 400, measured: 1500 },
    evidence: [],
  });
  const judgedWith = (
    source: 'known' | 'estimated',
    proof: DefenseReport['proof'] | null,
    acceptEstimated = false,
    first: DefenseReport['scan'] | null = null,
  ) => {
    const report = referenceReport();
    report.stages.before.attackSuccessRate = rateOf(9000, 9000);
    report.stages.after.attackSuccessRate = rateOf(3, 9000);
    report.stages.after.cleanAccuracy = report.stages.before.cleanAccuracy;
    report.trigger = { ...report.trigger!, source };
    if (proof) report.proof = proof;
    if (first) report.scan = first;
    const gates = { ...report.provenance.config.gates, acceptEstimated };
    return {
      word: judge(report, gates).word,
      sentence: judge(report, gates).sentence,
      met: judgeGates(report, gates)[0]!.met,
    };
  };
  const proofOf = (flagged: number[], after: number, basis: NonNullable<DefenseReport['proof']>['basis']) => ({
    scan: scan(flagged),
    bounded: [{ target: 0, norm: 4, before: rateOf(980, 1000), after: rateOf(after, 1000) }],
    basis,
    sentence: 'What it says.',
  });

  it('needs no inversion for a known trigger, but may not contradict one', () => {
    assert.deepEqual(judgedWith('known', null).word, 'mitigated');
    assert.match(
      judgedWith('known', null).sentence,
      /is based on the known trigger alone; the repaired model was not scanned/,
    );
    const proved = judgedWith('known', proofOf([], 2, 'known trigger and fresh scan'));
    assert.deepEqual([proved.word, proved.met], ['mitigated', true]);
    assert.match(proved.sentence, /is based on the known trigger and on a fresh scan, which finds no suspicious class/);
    const doubted = judgedWith('known', proofOf([3], 2, 'known trigger and fresh scan'));
    assert.deepEqual([doubted.word, doubted.met], ['not mitigated', false]);
    assert.match(doubted.sentence, /still finds class 3 suspicious/);
  });

  it('takes more than the trigger that a repair was made with', () => {
    assert.deepEqual(judgedWith('estimated', null, true), {
      word: 'not mitigated',
      met: false,
      sentence: judgedWith('estimated', null, true).sentence,
    });
    const left = judgedWith('estimated', proofOf([], 300, 'fresh scan'), true);
    assert.equal(left.word, 'not mitigated');
    assert.match(left.sentence, /a new trigger of at most 4\.0 pixels still sends 30 %/);
    assert.match(judgedWith('estimated', proofOf([], 45, 'fresh scan')).sentence, /can't be ruled out/);
    const gone = judgedWith('estimated', proofOf([], 2, 'fresh scan'));
    assert.deepEqual([gone.word, gone.met], ['mitigated, estimated trigger only', false]);
    assert.equal(judgedWith('estimated', proofOf([], 2, 'fresh scan'), true).met, true);
  });

  it('says nothing of an estimate for a class that is not suspicious: any class has one', () => {
    const unproved: NonNullable<DefenseReport['proof']> = { ...proofOf([], 2, 'fresh scan'), bounded: [] };
    const named = judgedWith('estimated', unproved, true, scan([]));
    assert.deepEqual([named.word, named.met], ['not measurable', false]);
    assert.match(named.sentence, /^The config names class 0, but the scan does not find it suspicious/);
    assert.deepEqual(judgedWith('known', unproved, false, scan([])).word, 'mitigated');
    assert.deepEqual(judgedWith('estimated', proofOf([], 2, 'fresh scan'), true, scan([0])).met, true);
  });
});
