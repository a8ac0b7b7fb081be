import { sparseConfusion } from '../../../../server/engine/metrics/sparse-confusion';
import { stagesOf } from '../../../../server/protocol/report/confusion';
import assert from 'node:assert/strict';
import { compareMeasured } from '../../../../server/cli/check/measured/measured';
import { compareReproduced } from '../../../../server/cli/check/reproduced';
import { serialiseReport } from '../../../../server/engine/report/json/serialise';
import type { MeasureOutcome } from '../../../../server/protocol/messages/engine';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import type { CheckResult } from '../../../../server/protocol/report/review';
import { rateOf, referenceReport } from '../../../fixtures/report';

const failed = (results: CheckResult[]): string[] =>
  results.filter(({ outcome }) => outcome === 'fail').map(({ id, pointer }) => `${id} ${pointer ?? ''}`.trim());
const told = (results: CheckResult[]): string[] =>
  results.filter(({ outcome }) => outcome === 'warn').map(({ id }) => id);

/** What measuring would give if it gave what the report says. */
function outcomeOf(report: DefenseReport): MeasureOutcome {
  const copy = structuredClone(report);
  const { comparison, layer, curve, model } = copy;
  return {
    stages: stagesOf(copy),
    comparison,
    layer,
    curve,
    silence: { weighted: [], changed: 0, inputs: 19_020 },
    searches: { fault: null, scan: copy.scan ?? null, proof: copy.proof ?? null },
    hashes: {
      before: model.before,
      after: model.after && { topology: model.after.topology, weights: model.after.weights },
    },
    backend: { name: 'wasm', why: 'It was asked for.', version: 'WASM' },
  };
}

/** A report with activations of three units, so that there is something to compare. */
function sample(): DefenseReport {
  const report = referenceReport();
  const unit = (cleanMean: number) => ({
    cleanMean,
    cleanMeanAbs: cleanMean,
    cleanFires: 1,
    triggeredMean: cleanMean * 2,
    triggeredFires: 1,
  });
  return { ...report, layer: { ...report.layer, units: 3, activations: [unit(0), unit(0.5), unit(2)] } };
}

describe('check --measure: a report against figures measured again', () => {
  it('says nothing against the same figures', () => {
    assert.deepEqual(failed(compareMeasured(sample(), outcomeOf(sample()))), []);
  });

  for (const [by, bad] of [
    [2, false],
    [-2, false],
    [3, true],
    [-3, true],
  ] as const) {
    it(`${bad ? 'finds' : 'forgives'} ${by} images`, () => {
      const here = outcomeOf(sample());
      const { hits, of } = here.stages.after!.attackSuccessRate!;
      here.stages.after!.attackSuccessRate = rateOf(hits + by, of);
      assert.deepEqual(
        failed(compareMeasured(sample(), here)),
        bad ? ['measure.figure /stages/after/attackSuccessRate'] : [],
      );
    });
  }

  it('finds figures on another number of images', () => {
    const here = outcomeOf(sample());
    here.stages.before.cleanAccuracy = rateOf(9886, 9999);
    assert.deepEqual(failed(compareMeasured(sample(), here)), ['measure.figure /stages/before/cleanAccuracy']);
  });

  it('finds an ASR that the report says was not measurable', () => {
    const report = sample();
    report.stages.pruned.attackSuccessRate = null;
    assert.deepEqual(failed(compareMeasured(report, outcomeOf(sample()))), [
      'measure.figure /stages/pruned/attackSuccessRate',
    ]);
  });

  it('finds cells of a confusion matrix, paired counts, points of the curve and means of units', () => {
    const here = outcomeOf({ ...sample() });
    here.stages.after!.confusion.clean = sparseConfusion([
      [1, 0],
      [0, 1],
    ]);
    here.comparison!.cleanAccuracy.onlyAfter += 3;
    here.curve.points[7]!.correct -= 3;
    here.layer.activations[1]!.cleanMean *= 1.1;
    assert.deepEqual(failed(compareMeasured(sample(), here)), [
      'measure.confusion /confusion/after',
      'measure.comparison /comparison',
      'measure.activations /layer/activations',
      'measure.curve /curve/points/7',
    ]);
  });

  it('forgives the last digits of a mean', () => {
    const here = outcomeOf(sample());
    here.layer.activations[2]!.cleanMean *= 1 + 1e-6;
    assert.deepEqual(failed(compareMeasured(sample(), here)), []);
  });

  it('finds units that are not silent, by weight or by effect, and names them', () => {
    const here = { ...outcomeOf(sample()), silence: { weighted: [3, 8], changed: 12, inputs: 19_020 } };
    const [found] = compareMeasured(sample(), here).filter(({ id }) => id === 'measure.silent');
    assert.equal(found?.outcome, 'fail');
    assert.match(
      found!.message,
      /2 of 25 units have weights that are not zero \(3, 8\); 12 of 19020 predictions change when the units are masked/,
    );
  });

  it('finds another layer and other models than those of the report', () => {
    const here = outcomeOf(sample());
    here.layer = { ...here.layer, name: 'dense_9' };
    here.hashes.after = { topology: 'a', weights: 'other' };
    assert.deepEqual(failed(compareMeasured(sample(), here)), [
      'measure.activations /layer',
      'measure.model /model/after',
    ]);
  });

  it('finds a layer that was not found as the report says', () => {
    const report = sample();
    report.layer.chosen = 'last';
    assert.deepEqual(failed(compareMeasured(report, outcomeOf(sample()))), ['measure.activations /layer/chosen']);
    report.layer.chosen = 'named';
    assert.deepEqual(failed(compareMeasured(report, outcomeOf(sample()))), []);
  });

  it('measures a model that was not repaired once', () => {
    const report = { ...sample(), repaired: false, model: { ...sample().model, after: null } };
    report.stages = { before: report.stages.before, pruned: report.stages.before, after: report.stages.before };
    const here: MeasureOutcome = {
      ...outcomeOf(report),
      stages: { before: stagesOf(report).before, pruned: null, after: null },
      comparison: null,
      silence: null,
    };
    assert.deepEqual(failed(compareMeasured(report, here)), []);
  });
});

describe('check --reproduce: a report against a second run', () => {
  const again = (change: (report: DefenseReport) => void): CheckResult[] => {
    const report = sample();
    const second = structuredClone(report);
    change(second);
    return compareReproduced(report, serialiseReport(report), second);
  };

  it('knows the same report to the byte, whatever backend was asked for', () => {
    const results = again((second) => (second.provenance.config.backend = 'native'));
    assert.deepEqual(
      results.map(({ id, outcome }) => [id, outcome]),
      [['reproduce.identical', 'pass']],
    );
    assert.match(results[0]!.message, /byte for byte/);
  });

  it('says that only the spacing differs', () => {
    const report = sample();
    assert.match(compareReproduced(report, JSON.stringify(report), report)[0]!.message, /except for whitespace/);
  });

  it('takes figures of another engine within the tolerance, and names what differs', () => {
    const results = again((second) => {
      second.provenance.engine = 'TensorFlow 2.22.0';
      second.stages.after.cleanAccuracy = rateOf(second.stages.after.cleanAccuracy.hits - 50, 10_000);
      second.stages.after.attackSuccessRate = rateOf(second.stages.after.attackSuccessRate!.hits - 451, 9_020);
    });
    assert.deepEqual(failed(results), []);
    assert.deepEqual(told(results), ['reproduce.engine']);
  });

  it('finds accuracy and ASR beyond it', () => {
    const results = again((second) => {
      second.stages.after.cleanAccuracy = rateOf(second.stages.after.cleanAccuracy.hits - 51, 10_000);
      second.stages.after.attackSuccessRate = rateOf(second.stages.after.attackSuccessRate!.hits - 600, 9_020);
    });
    assert.deepEqual(failed(results), [
      'reproduce.figure /stages/after/cleanAccuracy',
      'reproduce.figure /stages/after/attackSuccessRate',
    ]);
    assert.deepEqual(
      told(results),
      ['reproduce.differs'],
      'on the same engine it should have been the same to the byte',
    );
  });

  it('takes an ASR on few images whose intervals overlap', () => {
    const report = sample();
    report.stages.after.attackSuccessRate = rateOf(10, 20);
    const second = structuredClone(report);
    second.stages.after.attackSuccessRate = rateOf(13, 20);
    assert.deepEqual(failed(compareReproduced(report, serialiseReport(report), second)), []);
  });

  it('wants exactly the same units', () => {
    assert.deepEqual(failed(again((second) => second.pruning.units.push(5))), ['reproduce.units /pruning/units']);
  });
});
