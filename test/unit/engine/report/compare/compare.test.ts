import assert from 'node:assert/strict';
import { compareReports } from '../../../../../server/engine/report/compare/compare';
import { judgeGates } from '../../../../../server/engine/defense/verdict';
import { rate } from '../../../../../server/engine/metrics/rate';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import type { FigureChange, ReportComparison } from '../../../../../server/protocol/report/comparison';
import { exampleReport } from '../../../../fixtures/example-report';
import { against, withSuccess } from '../compare-support';

const after = ({ figures }: ReportComparison, figure: FigureChange['figure']): FigureChange =>
  figures.find((f) => f.stage === 'after' && f.figure === figure)!;

describe('a comparison of two reports', () => {
  it('of the same says so', () => {
    const comparison = against(() => undefined);
    assert.deepEqual(
      [comparison.direction, comparison.sentence],
      ['same', 'Every figure of the defended model is the same.'],
    );
    assert.deepEqual([comparison.caveats, comparison.settings], [[], []]);
    assert.ok(
      comparison.figures.every(({ change, pValue, delta }) => change === 'same' && pValue === 1 && delta === 0),
    );
    assert.ok(comparison.findings.every(({ change }) => change === 'kept'));
    assert.deepEqual(
      [comparison.units.both.length, comparison.units.onlyBase, comparison.units.onlyHead],
      [25, [], []],
    );
  });

  it('says what got better beyond noise, by which test, and that a gate is met now', () => {
    const comparison = against(withSuccess(90));
    assert.equal(comparison.direction, 'better');
    assert.equal(
      comparison.sentence,
      "Beyond noise by Fisher's exact test (it ignores that both are for the same images, which makes it conservative): ASR fell from 91.6 % to 1 %, which is better (p < 0.0001) and robust accuracy rose from 8.4 % to 99 %, which is better (p < 0.0001). The gate on ASR was missed and is now met.",
    );
    assert.deepEqual(
      [after(comparison, 'attackSuccessRate').change, after(comparison, 'cleanAccuracy').change],
      ['better', 'same'],
    );
  });

  it('says what got worse, and what both', () => {
    const worse = compareReports(exampleReport(withSuccess(90)), exampleReport());
    assert.equal(worse.direction, 'worse');
    assert.match(
      worse.sentence,
      /ASR rose from 1 % to 91\.6 %, which is worse.*The gate on ASR was met and is now missed\./,
    );
    const mixed = against(withSuccess(90, (r) => void (r.stages.after.cleanAccuracy = rate(9500, 10_000))));
    assert.equal(mixed.direction, 'mixed');
    assert.match(mixed.sentence, /clean accuracy fell from 99\.1 % to 95 %, which is worse/);
  });

  it('calls noise what chance would do too', () => {
    const comparison = against((r) => void (r.stages.after.cleanAccuracy = rate(9889, 10_000)));
    const { change, pValue, delta } = after(comparison, 'cleanAccuracy');
    assert.deepEqual([comparison.direction, change, delta], ['same', 'noise', -0.0021]);
    assert.ok(Math.abs(pValue! - 0.15606980690733477) < 1e-9);
    assert.match(
      comparison.sentence,
      /^Nothing changed beyond noise by Fisher's exact test \(.*conservative\): clean accuracy fell from 99\.1 % to 98\.9 % \(p = 0\.16\)\.$/,
    );
  });

  it('names a gate that was loosened, before anything that it makes look better', () => {
    const comparison = against((r) => {
      r.provenance.config.gates.maxAttackSuccessRate = 0.95;
      r.gates = judgeGates(r, r.provenance.config.gates);
    });
    assert.deepEqual(
      comparison.gates.map(({ id, limit }) => [id, limit]),
      [
        ['maxAttackSuccessRate', 'loosened'],
        ['maxAccuracyDrop', 'same'],
      ],
    );
    assert.match(
      comparison.sentence,
      /The gate on ASR was missed and is now met and its limit was loosened, from 5 % to 95 %\./,
    );
    assert.deepEqual(comparison.settings, [{ path: 'gates.maxAttackSuccessRate', base: 0.05, head: 0.95 }]);
    assert.deepEqual(
      compareReports(comparison.head, comparison.base).gates.map(({ limit }) => limit),
      ['tightened', 'same'],
    );
  });

  it('names a hyper-parameter that changed, a model, a data file, an engine', () => {
    const { settings } = against((r) => {
      r.provenance.config.fineTune.epochs = 3;
      r.provenance.config.layer = 'conv2d_2';
      r.provenance.config.trigger = null;
      r.model.before.weights = 'a'.repeat(64);
      r.data.files[0]!.sha256 = 'b'.repeat(64);
      r.provenance.engine = 'other';
    });
    const paths = settings.map(({ path }) => path);
    for (const path of [
      'fineTune.epochs',
      'layer',
      'trigger',
      'input model.weights',
      'data file data/train-images-idx3-ubyte.gz',
      'run.engine',
    ])
      assert.ok(paths.includes(path), `${path} in ${paths}`);
    assert.deepEqual(
      settings.find(({ path }) => path === 'fineTune.epochs'),
      { path: 'fineTune.epochs', base: 2, head: 3 },
    );
    assert.deepEqual(
      settings.find(({ path }) => path === 'layer'),
      { path: 'layer', base: null, head: 'conv2d_2' },
    );
  });

  const incomparable: [string, RegExp, (r: DefenseReport) => void][] = [
    ['other test images', /test files differ/, (r) => void (r.data.files[2]!.sha256 = '0'.repeat(64))],
    ['another number of them', /10000 test images, the other on 500/, (r) => void (r.data.test.images = 500)],
    ['another target', /target is class 0 in one and class 3/, (r) => void (r.trigger!.target = 3)],
    ['another trigger', /triggers differ/, (r) => void Object.assign(r.provenance.config.trigger!, { size: [5, 5] })],
    ['a trigger on one side only', /Only one of them has a trigger/, (r) => void (r.trigger = null)],
    ['other classes', /10 and 11 classes/, (r) => void r.confusion.before.clean.of.push(0)],
  ];
  for (const [what, expected, change] of incomparable) {
    it(`does not hold figures against each other with ${what}`, () => {
      const comparison = against(change);
      assert.equal(comparison.direction, 'not comparable');
      assert.match(comparison.caveats.join(' '), expected);
      assert.match(comparison.sentence, /^The figures can't be compared: /);
      assert.equal(after(comparison, 'attackSuccessRate').change, 'unknown');
    });
  }

  it('tells subsets of the same size apart by their seeds, and test files by their content', () => {
    const subset = (seed: number) =>
      exampleReport((r) => {
        r.data.test.images = 5000;
        r.provenance.config.seed = seed;
        Object.assign(r.provenance.config.data.test, { images: `other-name-${seed}.gz` });
        r.data.files[2]!.path = `other-name-${seed}.gz`;
      });
    assert.match(compareReports(subset(0), subset(1)).caveats.join(), /seeds differ/);
    assert.deepEqual(compareReports(subset(0), subset(0)).caveats, []);
    assert.deepEqual(
      compareReports(
        exampleReport(),
        exampleReport((r) => {
          Object.assign(r.provenance.config.data.test, { images: 'renamed.gz' });
          r.data.files[2]!.path = 'renamed.gz';
        }),
      ).caveats,
      [],
    );
  });

  it('takes a report that was added or deleted', () => {
    const added = compareReports(null, exampleReport());
    assert.deepEqual(
      [added.direction, added.sentence],
      ['not comparable', 'The report is new: not mitigated, clean accuracy 99.1 %, ASR 91.6 %.'],
    );
    assert.ok(
      added.findings.every(({ change }) => change === 'added') && added.gates.every(({ limit }) => limit === 'added'),
    );
    assert.equal(added.units.onlyHead.length, 25);
    const deleted = compareReports(exampleReport(), null);
    assert.match(deleted.sentence, /^The report was deleted\. It said: not mitigated/);
    assert.ok(deleted.findings.every(({ change }) => change === 'removed'));
    assert.ok(deleted.figures.every(({ pValue, change }) => pValue === null && change === 'unknown'));
  });

  it('tells units and findings of one from those of the other', () => {
    const comparison = against((r) => {
      r.pruning.units = [0, 1, 2];
      r.findings = [
        { ...r.findings[0]!, message: 'other figures' },
        { id: 'no-holdout', severity: 'information', message: 'new' },
      ];
    });
    assert.deepEqual(
      [comparison.units.both, comparison.units.onlyHead, comparison.units.onlyBase.length],
      [[0], [1, 2], 24],
    );
    assert.deepEqual(
      comparison.findings.map(({ id, change }) => `${id} ${change}`),
      [
        'pruned-all-dead reworded',
        'no-holdout added',
        'fine-tuning-did-the-work removed',
        'analysis-on-test-set removed',
      ],
    );
    const otherLayer = against((r) => void (r.layer.name = 'conv2d_1'));
    assert.deepEqual([otherLayer.units.both, otherLayer.units.onlyHead.length], [[], 25]);
  });
});
