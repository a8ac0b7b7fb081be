import assert from 'node:assert/strict';
import { rate } from '../../../../../server/engine/metrics/rate';
import { readReport } from '../../../../../server/engine/report/json/read-report';
import { FinePruneError } from '../../../../../server/protocol/errors';
import { textOf } from '../../../../fixtures/example-report';
import { guidedPruningReport, repairedReport } from '../../../../fixtures/repaired-report';
import { type Change, known } from '../repair-support';
import { masksOf } from '../../../../fixtures/scan-result';

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

const base64 = (bytes: number): string => Buffer.alloc(bytes).toString('base64');

describe('reading a report with scan, attempts and proof', function () {
  this.timeout(60_000);

  it('gives the value that stands there, whatever the trigger', () => {
    for (const report of [repairedReport(), known(), guidedPruningReport()])
      assert.deepEqual(readReport(textOf(report), 'x'), JSON.parse(JSON.stringify(report)));
  });

  const impossible: [string, Change][] = [
    ['/scan/evidence/0/classes', (r) => void masksOf(r.scan).classes.pop()],
    ['/scan/evidence/0/classes/0/target', (r) => void masksOf(r.scan).classes.reverse()],
    ['/scan/evidence/0/classes/3/norm', (r) => void (masksOf(r.scan).classes[3]!.norm = 785)],
    ['/scan/evidence/0/classes/3/norm', (r) => void (masksOf(r.scan).classes[3]!.norm = -1)],
    ['/scan/evidence/0/classes/3/screened', (r) => void (masksOf(r.scan).classes[3]!.screened = 1e6)],
    ['/scan/evidence/0/classes/3/share', (r) => void (masksOf(r.scan).classes[3]!.share = -0.5)],
    ['/scan/evidence/0/classes/3/anomalyIndex', (r) => void (masksOf(r.scan).classes[3]!.anomalyIndex = 1e300)],
    ['/scan/evidence/0/classes/3/success/rate', (r) => void (masksOf(r.scan).classes[3]!.success.rate = 1.1)],
    ['/scan/evidence/0/classes/3/success/hits', (r) => void (masksOf(r.scan).classes[3]!.success.hits = 5000)],
    ['/scan/evidence/0/classes/3/steps', (r) => void (masksOf(r.scan).classes[3]!.steps = 1.5)],
    [
      '/scan/evidence/0/classes/0/estimate/mask',
      (r) => void (masksOf(r.scan).classes[0]!.estimate!.mask = base64(783)),
    ],
    [
      '/scan/evidence/0/classes/0/estimate/mask',
      (r) => void (masksOf(r.scan).classes[0]!.estimate!.mask = base64(785)),
    ],
    [
      '/scan/evidence/0/classes/0/estimate/mask',
      (r) => void (masksOf(r.scan).classes[0]!.estimate!.mask = base64(784).replace('AAAA', 'A<&A')),
    ],
    [
      '/scan/evidence/0/classes/0/estimate/mask',
      (r) => void (masksOf(r.scan).classes[0]!.estimate!.mask = ' '.repeat(1048)),
    ],
    [
      '/scan/evidence/0/classes/0/estimate/pattern',
      (r) => void (masksOf(r.scan).classes[0]!.estimate!.pattern = base64(784 * 3)),
    ],
    ['/scan/evidence/0/classes/0/estimate/pattern', (r) => void (masksOf(r.scan).classes[0]!.estimate!.pattern = '')],
    ['/scan/suspects/0/target', (r) => void (r.scan!.suspects[0]!.target = 10)],
    ['/scan/suspects/1', (r) => void r.scan!.suspects.push(r.scan!.suspects[0]!)],
    ['/scan/evidence/0/limits/share', (r) => void (masksOf(r.scan).limits.share = 2)],
    ['/scan/evidence/0/limits/index', (r) => void (masksOf(r.scan).limits.index = -1)],
    ['/scan/evidence/0/medianNorm', (r) => void (masksOf(r.scan).medianNorm = 9999)],
    ['/scan/images/measured', (r) => void (r.scan!.images.measured = -5)],
    ['/scan/evidence/0/seeds', (r) => void (masksOf(r.scan).seeds = [])],
    ['/scan/evidence/0/seeds/0', (r) => void (masksOf(r.scan).seeds = [-1])],
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
    ['/proof/scan/evidence/0/classes', (r) => void masksOf(r.proof!.scan).classes.pop()],
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
      refused((r) => void (masksOf(r.scan).classes[0]!.estimate!.pattern = 'A'.repeat(6 << 20))).code,
      'report.figure',
    );
  });

  it('refuses other words and further fields', () => {
    for (const change of [
      (r) => Object.assign(r.scan!, { word: 'clean' }),
      (r) => Object.assign(r.attempts![0]!, { strategy: 'magic' }),
      (r) => Object.assign(r.proof!, { basis: 'hope' }),
      (r) => Object.assign(masksOf(r.scan).classes[0]!, { more: 1 }),
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
