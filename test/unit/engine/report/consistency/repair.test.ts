import assert from 'node:assert/strict';
import { addDecision, readReview, reviewedIssues } from '../../../../../server/engine/report/review/review';
import { rate } from '../../../../../server/engine/metrics/rate';
import { consistencyProblems, readReport } from '../../../../../server/engine/report/json/read-report';
import { FinePruneError } from '../../../../../server/protocol/errors';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, textOf } from '../../../../fixtures/example-report';
import {
  guidedPruningReport,
  judged,
  quietScan,
  repairedReport,
  scanOf,
  setCleanAccuracy,
} from '../../../../fixtures/repaired-report';

type Change = (report: DefenseReport) => void;

/** Problems of a report after a change by hand, as `id pointer`. It must still be one that can be read. */
function problems(change: Change, base: () => DefenseReport = repairedReport): string[] {
  const report = base();
  change(report);
  return consistencyProblems(readReport(textOf(report), 'x'))
    .filter(({ kind }) => kind === 'problem')
    .map(({ id, pointer }) => `${id} ${pointer}`);
}

function told(expected: string, change: Change, base?: () => DefenseReport): void {
  const found = problems(change, base);
  assert.ok(found.includes(expected), `expected ${expected} among ${JSON.stringify(found)}`);
}

/** The failure that a changed report is refused with. */
function refused(change: Change): FinePruneError {
  const report = repairedReport();
  change(report);
  try {
    readReport(textOf(report), 'x');
  } catch (error) {
    assert.ok(error instanceof FinePruneError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'the report was accepted' });
}

const known = (): DefenseReport => repairedReport('known');
const base64 = (bytes: number): string => Buffer.alloc(bytes).toString('base64');

describe('reading a report with scan, attempts and proof', function () {
  this.timeout(60_000);

  it('gives the value that stands there, whatever the trigger', () => {
    for (const report of [repairedReport(), known(), guidedPruningReport()])
      assert.deepEqual(readReport(textOf(report), 'x'), JSON.parse(JSON.stringify(report)));
  });

  const impossible: [string, Change][] = [
    ['/scan/classes', (r) => void r.scan!.classes.pop()],
    ['/scan/classes/0/target', (r) => void r.scan!.classes.reverse()],
    ['/scan/classes/3/norm', (r) => void (r.scan!.classes[3]!.norm = 785)],
    ['/scan/classes/3/norm', (r) => void (r.scan!.classes[3]!.norm = -1)],
    ['/scan/classes/3/screened', (r) => void (r.scan!.classes[3]!.screened = 1e6)],
    ['/scan/classes/3/share', (r) => void (r.scan!.classes[3]!.share = -0.5)],
    ['/scan/classes/3/anomalyIndex', (r) => void (r.scan!.classes[3]!.anomalyIndex = 1e300)],
    ['/scan/classes/3/success/rate', (r) => void (r.scan!.classes[3]!.success.rate = 1.1)],
    ['/scan/classes/3/success/hits', (r) => void (r.scan!.classes[3]!.success.hits = 5000)],
    ['/scan/classes/3/steps', (r) => void (r.scan!.classes[3]!.steps = 1.5)],
    ['/scan/classes/0/estimate/mask', (r) => void (r.scan!.classes[0]!.estimate!.mask = base64(783))],
    ['/scan/classes/0/estimate/mask', (r) => void (r.scan!.classes[0]!.estimate!.mask = base64(785))],
    [
      '/scan/classes/0/estimate/mask',
      (r) => void (r.scan!.classes[0]!.estimate!.mask = base64(784).replace('AAAA', 'A<&A')),
    ],
    ['/scan/classes/0/estimate/mask', (r) => void (r.scan!.classes[0]!.estimate!.mask = ' '.repeat(1048))],
    ['/scan/classes/0/estimate/pattern', (r) => void (r.scan!.classes[0]!.estimate!.pattern = base64(784 * 3))],
    ['/scan/classes/0/estimate/pattern', (r) => void (r.scan!.classes[0]!.estimate!.pattern = '')],
    ['/scan/flagged/0', (r) => void (r.scan!.flagged = [10])],
    ['/scan/flagged/1', (r) => void (r.scan!.flagged = [0, 0])],
    ['/scan/limits/share', (r) => void (r.scan!.limits.share = 2)],
    ['/scan/limits/index', (r) => void (r.scan!.limits.index = -1)],
    ['/scan/medianNorm', (r) => void (r.scan!.medianNorm = 9999)],
    ['/scan/images/measured', (r) => void (r.scan!.images.measured = -5)],
    ['/scan/seeds', (r) => void (r.scan!.seeds = [])],
    ['/scan/seeds/0', (r) => void (r.scan!.seeds = [-1])],
    ['/scan', (r) => void (r.data.shape = [1e6, 1e6, 3])],
    ['/attempts/2/keptRound', (r) => void (r.attempts![2]!.keptRound = 3)],
    ['/attempts/2/keptRound', (r) => void (r.attempts![2]!.keptRound = 0)],
    ['/attempts/0/rounds', (r) => void (r.attempts![0]!.rounds = [])],
    ['/attempts/0/units/1', (r) => void (r.attempts![0]!.units[1] = r.attempts![0]!.units[0]!)],
    ['/attempts/0/units/0', (r) => void (r.attempts![0]!.units[0] = -1)],
    ['/attempts/2/rounds/0/inverted/0/target', (r) => void (r.attempts![2]!.rounds[0]!.inverted[0]!.target = 10)],
    ['/attempts/2/rounds/0/inverted/0/norm', (r) => void (r.attempts![2]!.rounds[0]!.inverted[0]!.norm = 1000)],
    ['/attempts/2/rounds/1/stamped', (r) => void (r.attempts![2]!.rounds[1]!.stamped = 1.2)],
    ['/attempts/2/rounds/1/loss', (r) => void (r.attempts![2]!.rounds[1]!.loss = -1)],
    ['/attempts/2/rounds/1/heldOut/correct', (r) => void (r.attempts![2]!.rounds[1]!.heldOut.correct = 5001)],
    [
      '/attempts/1/heldOut/estimatedTrigger/of',
      (r) => void (r.attempts![1]!.heldOut = { ...r.attempts![1]!.heldOut, estimatedTrigger: rate(1, 6000) }),
    ],
    ['/attempts', (r) => void (r.attempts = Array.from({ length: 101 }, () => r.attempts![0]!))],
    ['/proof/scan/classes', (r) => void r.proof!.scan.classes.pop()],
    ['/proof/bounded/0/target', (r) => void (r.proof!.bounded[0]!.target = 10)],
    ['/proof/bounded/0/norm', (r) => void (r.proof!.bounded[0]!.norm = 800)],
    ['/proof/bounded/0/after/low', (r) => void (r.proof!.bounded[0]!.after.low = 0.9)],
  ];
  for (const [pointer, change] of impossible) {
    it(`refuses ${pointer}: ${String(change).replace(/\s+/g, ' ').slice(-70)}`, () => {
      const { code, place, message } = refused(change);
      assert.equal(code, 'report.figure', message);
      assert.ok(place?.startsWith(`${pointer},`), `${place}: ${message}`);
      assert.ok(message.length < 300);
    });
  }

  it('refuses an estimate of many megabytes before it is decoded', () => {
    assert.equal(
      refused((r) => void (r.scan!.classes[0]!.estimate!.pattern = 'A'.repeat(40 << 20))).code,
      'report.figure',
    );
  });

  it('refuses other words and further fields', () => {
    for (const change of [
      (r) => Object.assign(r.scan!, { word: 'clean' }),
      (r) => Object.assign(r.attempts![0]!, { strategy: 'magic' }),
      (r) => Object.assign(r.proof!, { basis: 'hope' }),
      (r) => Object.assign(r.scan!.classes[0]!, { more: 1 }),
      (r) => Object.assign(r.trigger!, { kind: 'guessed' }),
    ] satisfies Change[])
      assert.equal(refused(change).code, 'report.schema');
  });

  it('refuses a smallest number within the gate that is none', () => {
    const report = guidedPruningReport();
    report.curve.smallestWithinGate!.heldOut.successful = 9999;
    assert.throws(() => readReport(textOf(report), 'x'), /smallestWithinGate\/heldOut\/successful/);
  });
});

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
      r.scan = quietScan();
      delete r.attempts;
      delete r.proof;
      Object.assign(r, { trigger: null, repaired: false });
      const { before } = r.stages;
      Object.assign(before, { attackSuccessRate: null, robustAccuracy: null, triggeredConfusion: null });
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
    ['a mask made larger', 'scan /scan/classes/0/norm', (r) => void (r.scan!.classes[0]!.norm = 74)],
    [
      'a mask exchanged for another',
      'scan /scan/classes/0/norm',
      (r) => void (r.scan!.classes[0]!.estimate = r.scan!.classes[1]!.estimate),
    ],
    ['a screened norm made larger', 'scan /scan/classes/0/share', (r) => void (r.scan!.classes[0]!.screened = 74)],
    [
      'an index made harmless',
      'scan /scan/classes/0/anomalyIndex',
      (r) => void (r.scan!.classes[0]!.anomalyIndex = 1.9),
    ],
    ['a share made harmless', 'scan /scan/classes/0/share', (r) => void (r.scan!.classes[0]!.share = 0.9)],
    ['the median', 'scan /scan/medianNorm', (r) => void (r.scan!.medianNorm = 7)],
    ['limits that flag less', 'scan /scan/limits/index', (r) => void (r.scan!.limits.index = 9)],
    [
      'a class that is no longer flagged',
      'scan /scan/classes/0/flagged',
      (r) => void (r.scan!.classes[0]!.flagged = false),
    ],
    ['a class taken off the list', 'scan /scan/flagged', (r) => void (r.scan!.flagged = [])],
    [
      'a class flagged without a reason',
      'scan /scan/classes/4/flagged',
      (r) => void (r.scan!.classes[4]!.flagged = true),
    ],
    ['the word of a scan', 'scan /scan/word', (r) => void (r.scan!.word = 'nothing found')],
    ['the sentence of a scan', 'scan /scan/sentence', (r) => void (r.scan!.sentence = 'All is well.')],
    [
      'a success with the wrong interval',
      'rate /scan/classes/2/success/high',
      (r) => void (r.scan!.classes[2]!.success.high = 1),
    ],
    [
      'a success on more images than were measured',
      'scan /scan/classes/2/success/of',
      (r) => void (r.scan!.classes[2]!.success = rate(1600, 1600)),
    ],
    [
      'more measured images than are held out',
      'scan /scan/images/measured',
      (r) => void (r.scan!.images.measured = 6000),
    ],
    [
      'a flagged class without its trigger',
      'scan /scan/classes/0/estimate',
      (r) => void (r.scan!.classes[0]!.estimate = null),
    ],
    ['a trigger of a class that has none', 'trigger /trigger', (r) => void (r.scan!.classes[0]!.estimate = null)],
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
      (r) => void (r.proof!.bounded[0]!.before = rate(1352, 1352)),
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
      r.proof = {
        ...proof!,
        bounded: [],
        sentence: 'A fresh inversion of the repaired model finds no class suspicious.',
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

  it('do not hold another version to its sentences and limits, but to its figures', () => {
    const other = (r: DefenseReport): void => {
      r.provenance.tool = 'fine-prune 0.0.1';
      r.scan!.limits = { index: 2, share: 0.25 };
      r.scan!.sentence = r.attempts![0]!.sentence = r.proof!.sentence = 'Other words.';
    };
    assert.deepEqual(problems(other), []);
    told('scan /scan/classes/0/anomalyIndex', (r) => {
      other(r);
      r.scan!.classes[0]!.anomalyIndex = 1;
    });
  });
});

describe('a missed gate on an estimated trigger', () => {
  const messageOf = (report: DefenseReport): string =>
    reviewedIssues(report, null, '2026-06-01').find(({ id }) => id === 'gate.maxAttackSuccessRate')!.message;

  it('says that estimates do not count, or what a fresh inversion has against it', () => {
    assert.match(
      messageOf(repairedReport()),
      /^Gate missed: the ASR, up to 0\.23 %, is within the limit of 5 %, but the trigger is only estimated, which counts only with "acceptEstimated": true\.$/,
    );
    const suspicious = judged(
      repairedReport('known', (r) => void (r.proof!.scan = scanOf([5.1, 84, 61, 72, 79, 63, 77, 75, 103, 88]))),
    );
    assert.match(
      messageOf(suspicious),
      /but a fresh inversion of the repaired model still finds class 0 suspicious\.$/,
    );
    const lost = judged(repairedReport('known', (r) => setCleanAccuracy(r.stages.after, 9000)));
    assert.ok(!lost.gates[1]!.met && lost.gates[0]!.met);
  });

  it('is open again when another scan gives other figures', () => {
    const report = repairedReport();
    const review = readReview(
      addDecision(null, report, { finding: 'gate.maxAttackSuccessRate', reason: 'x', author: 'y', date: '2026-03-01' }),
      'x',
    );
    assert.equal(reviewedIssues(report, review, '2026-06-01')[0]!.status, 'accepted');
    report.gates[0]!.judged = 0.003;
    assert.equal(reviewedIssues(report, review, '2026-06-01')[0]!.status, 'stale');
  });
});
