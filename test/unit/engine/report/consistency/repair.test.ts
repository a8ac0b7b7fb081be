import assert from 'node:assert/strict';
import { rate } from '../../../../../server/engine/metrics/rate';
import { consistencyProblems, readReport } from '../../../../../server/engine/report/json/read-report';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, isLeftOut, textOf } from '../../../../fixtures/example-report';
import { guidedPruningReport, repairedReport } from '../../../../fixtures/repaired-report';
import { known as cleanAccuracy, masksOf, quietScan, scanOf } from '../../../../fixtures/scan-result';
import { type Change, known } from '../repair-support';

/** Problems of a report after a change by hand, as `id pointer`. It must still be one that can be read. */
function problems(change: Change, base: () => DefenseReport = repairedReport): string[] {
  const report = base();
  change(report);
  return consistencyProblems(readReport(textOf(report), 'x'))
    .filter((one) => one.kind === 'problem' && !isLeftOut(one))
    .map(({ id, pointer }) => `${id} ${pointer}`);
}

function told(expected: string, change: Change, base?: () => DefenseReport): void {
  const found = problems(change, base);
  assert.ok(found.includes(expected), `expected ${expected} among ${JSON.stringify(found)}`);
}

describe('scan, attempts and proof that must agree', () => {
  it('do so in reports as a run makes them', () => {
    for (const make of [repairedReport, known, guidedPruningReport])
      assert.deepEqual(
        problems(() => undefined, make),
        [],
      );
  });

  it('do so in a report without a repair, where a scan found nothing to repair', () => {
    const report = repairedReport('inverted', (r) => {
      r.scan = { ...quietScan(), ...cleanAccuracy };
      delete r.attempts;
      delete r.proof;
      Object.assign(r, { trigger: null, repaired: false });
      const { before } = r.stages;
      Object.assign(before, { attackSuccessRate: null, robustAccuracy: null });
      const counts = { ...r.confusion.before, triggered: null };
      r.confusion = { before: counts, pruned: counts, after: counts };
      r.stages = { before, pruned: before, after: before };
      r.comparison = { cleanAccuracy: { onlyBefore: 0, onlyAfter: 0, pValue: 1 }, attackSuccess: null };
      for (const unit of r.layer.activations) Object.assign(unit, { triggeredMean: null, triggeredFires: null });
      r.pruning = { rule: 'clean-mean', ratio: 0.2, count: 0, units: [], dead: 0, amongTriggerRaised: null };
      r.curve.triggeredImages = null;
      for (const point of r.curve.points) point.successful = null;
      Object.assign(r.fineTuning, { epochs: 0, steps: 0, history: [] });
      r.model.after = null;
    });
    assert.deepEqual(
      problems(
        () => undefined,
        () => report,
      ),
      [],
    );
    told(
      'trigger /trigger/target',
      (r) => void (r.trigger = { kind: 'inverted', source: 'estimated', target: 2, inputs: 9020 }),
      () => structuredClone(report),
    );
  });

  const edits: [string, string, Change][] = [
    ['a mask made larger', 'scan /scan/evidence/0/classes/0/norm', (r) => void (masksOf(r.scan).classes[0]!.norm = 74)],
    [
      'a mask exchanged for another',
      'scan /scan/evidence/0/classes/0/norm',
      (r) => void (masksOf(r.scan).classes[0]!.estimate = masksOf(r.scan).classes[1]!.estimate),
    ],
    [
      'a screened norm made larger',
      'scan /scan/evidence/0/classes/0/share',
      (r) => void (masksOf(r.scan).classes[0]!.screened = 74),
    ],
    [
      'an index made harmless',
      'scan /scan/evidence/0/classes/0/anomalyIndex',
      (r) => void (masksOf(r.scan).classes[0]!.anomalyIndex = 1.9),
    ],
    [
      'a share made harmless',
      'scan /scan/evidence/0/classes/0/share',
      (r) => void (masksOf(r.scan).classes[0]!.share = 0.9),
    ],
    ['the median', 'scan /scan/evidence/0/medianNorm', (r) => void (masksOf(r.scan).medianNorm = 7)],
    ['limits that flag less', 'scan /scan/evidence/0/limits/index', (r) => void (masksOf(r.scan).limits.index = 9)],
    [
      'a class that is no longer flagged',
      'scan /scan/evidence/0/classes/0/flagged',
      (r) => void (masksOf(r.scan).classes[0]!.flagged = false),
    ],
    ['a class taken off the list', 'scan /scan/suspects', (r) => void (r.scan!.suspects = [])],
    [
      'a class flagged without a reason',
      'scan /scan/evidence/0/classes/4/flagged',
      (r) => void (masksOf(r.scan).classes[4]!.flagged = true),
    ],
    ['the word of a scan', 'scan /scan/word', (r) => void (r.scan!.word = 'nothing found')],
    ['the sentence of a scan', 'scan /scan/sentence', (r) => void (r.scan!.sentence = 'All is well.')],
    [
      'a success with the wrong interval',
      'rate /scan/evidence/0/classes/2/success/high',
      (r) => void (masksOf(r.scan).classes[2]!.success.high = 1),
    ],
    [
      'a success on more images than were measured',
      'scan /scan/evidence/0/classes/2/success/of',
      (r) => void (masksOf(r.scan).classes[2]!.success = rate(1600, 1600)),
    ],
    [
      'more measured images than are held out',
      'scan /scan/images/measured',
      (r) => void (r.scan!.images.measured = 6000),
    ],
    [
      'a flagged class without its trigger',
      'scan /scan/evidence/0/classes/0/estimate',
      (r) => void (masksOf(r.scan).classes[0]!.estimate = null),
    ],
    [
      'a trigger of a class that has none',
      'trigger /trigger',
      (r) => void (masksOf(r.scan).classes[0]!.estimate = null),
    ],
    ['a trigger of another class', 'trigger /trigger/target', (r) => void (r.trigger!.target = 3)],
    ['an estimated trigger that is called known', 'trigger /trigger/source', (r) => void (r.trigger!.source = 'known')],
    ['an estimated trigger that is called a patch', 'trigger /trigger/kind', (r) => void (r.trigger!.kind = 'patch')],
    ['two chosen attempts', 'attempts /attempts', (r) => void (r.attempts![0]!.chosen = true)],
    ['no chosen attempt', 'attempts /attempts', (r) => void (r.attempts![2]!.chosen = false)],
    [
      'another choice than a run makes',
      'attempts /attempts',
      (r) => r.attempts!.forEach((attempt, at) => (attempt.chosen = at === 0)),
    ],
    ['attempts left out', 'attempts /repaired', (r) => void delete r.attempts],
    ['gates that were not met', 'attempts /attempts/0/met', (r) => void (r.attempts![0]!.met = true)],
    ['figures of another round', 'attempts /attempts/2/heldOut', (r) => void (r.attempts![2]!.keptRound = 1)],
    [
      'a held-out rate',
      'rate /attempts/1/heldOut/freshTrigger/rate',
      (r) => void (r.attempts![1]!.heldOut.freshTrigger!.rate = 0.93),
    ],
    [
      'another start of a round',
      'attempts /attempts/2/rounds/0/heldOut/correctBefore',
      (r) => void (r.attempts![2]!.rounds[0]!.heldOut.correctBefore = 4999),
    ],
    [
      'the sentence of an attempt',
      'attempts /attempts/1/sentence',
      (r) => void (r.attempts![1]!.sentence = 'It worked.'),
    ],
    [
      'more held-out images than there are',
      'attempts /attempts/0/heldOut/images',
      (r) => void (r.data.holdout.images = 4000),
    ],
    [
      'a strategy that the config does not ask for',
      'attempts /attempts/1/strategy',
      (r) => void (r.provenance.config.strategy = 'guided'),
    ],
    [
      'units that the chosen attempt did not prune',
      'attempts /pruning/units',
      (r) => void (r.attempts![2]!.units[0] = 127),
    ],
    ['a layer that it did not prune', 'attempts /layer/name', (r) => void (r.attempts![2]!.layer = 'conv2d_1')],
    ['epochs that it did not have', 'attempts /fineTuning/epochs', (r) => void (r.attempts![2]!.rounds[0]!.epochs = 7)],
    ['a proof of a trigger that is not known', 'proof /proof/basis', (r) => void (r.proof!.basis = 'known trigger')],
    ['a fresh trigger of another size', 'proof /proof/bounded/0/norm', (r) => void (r.proof!.bounded[0]!.norm = 0.5)],
    ['a suspicious class without a fresh trigger', 'proof /proof/bounded', (r) => void (r.proof!.bounded = [])],
    ['a class with two', 'proof /proof/bounded', (r) => void r.proof!.bounded.push(r.proof!.bounded[0]!)],
    [
      'a success before that the scan did not find',
      'proof /proof/bounded/0/before/hits',
      (r) => {
        delete r.proof!.measuredOn;
        r.proof!.bounded[0]!.before = rate(1352, 1352);
      },
    ],
    [
      'a fresh success on other images',
      'proof /proof/bounded/0/after/of',
      (r) => void (r.proof!.bounded[0]!.after = rate(1, 100)),
    ],
    ['the sentence of a proof', 'proof /proof/sentence', (r) => void (r.proof!.sentence = 'All is well.')],
    [
      'a flagged class in a model that is called mitigated',
      'proof /verdict/word',
      (r) => void (r.proof!.scan = scanOf([5.1, 84, 61, 72, 79, 63, 77, 75, 103, 88])),
    ],
    [
      'a smallest number that another rule cannot choose',
      'curve /curve/smallestWithinGate',
      (r) => {
        r.curve.smallestWithinGate = guidedPruningReport().curve.smallestWithinGate!;
        r.pruning.rule = 'clean-mean';
      },
    ],
  ];
  for (const [what, expected, change] of edits) it(`tell of ${what}`, () => told(expected, change));

  it('tell of a scan or attempts in a report of the reference recipe, but not of a proof', () => {
    const { scan, attempts, proof } = known();
    const found = problems((r) => Object.assign(r, { scan, attempts }), exampleReport);
    assert.ok(found.includes('scan /scan') && found.includes('attempts /attempts'), JSON.stringify(found));
    const alone = problems((r) => {
      const { scan: again, basis } = proof!;
      r.proof = {
        scan: again,
        basis,
        bounded: [],
        sentence: 'A fresh scan of the repaired model finds no suspicious class.',
      };
    }, guidedPruningReport);
    assert.deepEqual(
      alone.filter((problem) => problem.startsWith('proof') || problem.startsWith('scan')),
      [],
    );
  });

  it('tell of the smallest number within the gate where it is none', () => {
    const edit = (expected: string, change: Change): void => told(expected, change, guidedPruningReport);
    edit(
      'curve /curve/smallestWithinGate/heldOut/successful',
      (r) => void (r.curve.smallestWithinGate!.heldOut.successful = 224),
    );
    edit(
      'curve /curve/smallestWithinGate/heldOut/correct',
      (r) => void (r.curve.smallestWithinGate!.heldOut.correct = 4900),
    );
    edit(
      'curve /curve/smallestWithinGate/heldOut/images',
      (r) => void (r.curve.smallestWithinGate!.heldOut.images = 5001),
    );
    edit('pruning /pruning/count', (r) => void (r.curve.smallestWithinGate!.pruned = 24));
  });

  it('do not hold version 0.1 to its sentences and limits, but to its figures; any other tool to all of them', () => {
    const other = (tool: string, change: Change = () => undefined): string[] => {
      const report = repairedReport();
      report.provenance.tool = tool;
      masksOf(report.scan).limits = { index: 2, share: 0.25 };
      report.scan!.sentence = report.attempts![0]!.sentence = report.proof!.sentence = 'Other words.';
      change(report);
      return consistencyProblems(report)
        .filter((one) => one.kind === 'problem' && !isLeftOut(one))
        .map(({ id, pointer }) => `${id} ${pointer}`);
    };
    assert.deepEqual(other('fine-prune 0.1.0'), []);
    assert.ok(
      other('fine-prune 0.1.0', (r) => void (masksOf(r.scan).classes[0]!.anomalyIndex = 1)).includes(
        'scan /scan/evidence/0/classes/0/anomalyIndex',
      ),
    );
    for (const expected of ['scan /scan/sentence', 'attempts /attempts/0/sentence', 'proof /proof/sentence'])
      assert.ok(other('fine-prune 0.0.1').includes(expected), expected);
  });

  it('tell of a part that was cut', () => {
    told('scan /scan', (r) => delete r.scan);
    told('scan /scan/cleanAccuracy', (r) => delete r.scan!.cleanAccuracy);
    told('proof /proof', (r) => delete r.proof);
    told('proof /proof', (r) => delete r.proof, guidedPruningReport);
    told('proof /proof/measuredOn', (r) => delete r.proof!.measuredOn);
    told('proof /proof/bounded', (r) => void (r.proof!.bounded = []));
    told('proof /proof/scan/cleanAccuracy', (r) => Object.assign(r.proof!.scan, cleanAccuracy));
    told('attempts /attempts', (r) => delete r.attempts);
    told('attempts /attempts/0/missed', (r) => delete r.attempts![0]!.missed);
    told('attempts /attempts/1/heldOut/freshTrigger', (r) => void (r.attempts![1]!.heldOut.freshTrigger = null));
    told('attempts /attempts/1/heldOut/knownTrigger', (r) => void (r.attempts![1]!.heldOut.knownTrigger = null), known);
    told('attempts /attempts/1/strategy', (r) => void r.attempts!.splice(1, 0, r.attempts![0]!));
    told('curve /curve/smallestWithinGate', (r) => delete r.curve.smallestWithinGate, guidedPruningReport);
    told('scan /scan/evidence/0/classes/4/estimate', (r) => void (masksOf(r.scan).classes[4]!.estimate = null));
    told('scan /scan/suspects/0/methods', (r) => void (r.scan!.suspects[0]!.methods = ['looking closely']));
    told('scan /scan/images/search', (r) => void (r.scan!.images.search = 399));
  });
});
