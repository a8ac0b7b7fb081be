import assert from 'node:assert/strict';
import { readReport } from '../../../../../../server/engine/report/json/read-report';
import { readScan } from '../../../../../../server/engine/report/json/read-scan';
import type { FinePruneError } from '../../../../../../server/protocol/errors';
import { formerText } from '../../../../../fixtures/former';

type Fields = Record<string, unknown>;
interface Report1 extends Fields {
  stages: Record<'before' | 'pruned' | 'after', Fields & { perClass: Fields[]; confusion: number[][] }>;
  layer: Fields & { activations: { cleanMeanAbs: number; perClass: number[] }[] };
  scan: Fields;
}

const sparse = { clean: { of: [], correct: [], wrong: [], omitted: 0 }, triggered: null };

const CASES: [what: string, change: (report: Report1) => unknown, code: string, message: RegExp][] = [
  [
    'a rate by class that its matrix does not have',
    ({ stages }) => (stages.after.perClass[3]!['hits'] = 1),
    'report.figure',
    /`\/stages\/after\/perClass\/3` does not follow from the confusion matrix/,
  ],
  ['a rate by class that is none', ({ stages }) => (stages.before.perClass[0] = {}), 'report.figure', /perClass\/0/],
  ['a rate too few', ({ stages }) => stages.pruned.perClass.pop(), 'report.figure', /has 9 entries; 10 were expected/],
  [
    'no rates by class',
    ({ stages }) => delete (stages.before as Fields)['perClass'],
    'report.schema',
    /before` has no list `perClass`/,
  ],
  [
    'a sparse matrix beside the full one',
    ({ stages }) => (stages.after['sparse'] = sparse),
    'report.figure',
    /after\/sparse` is there beside full matrices/,
  ],
  ['another stage', ({ stages }) => ((stages as Fields)['later'] = {}), 'report.schema', /unknown field `later`/],
  ['counts of this version', (report) => (report['confusion'] = {}), 'report.schema', /It has an unknown field `confu/],
  ['means of this version', ({ layer }) => (layer['classMeans'] = []), 'report.schema', /unknown field `classMeans`/],
  ['an answer of this version', ({ scan }) => (scan['suspects'] = []), 'report.schema', /unknown field `suspects`/],
];

describe('what no version 1 says', () => {
  const changed = (change: (report: Report1) => unknown): string => {
    const report = JSON.parse(formerText('guided.defense.json')) as Report1;
    change(report);
    return JSON.stringify(report);
  };

  for (const [what, change, code, message] of CASES)
    it(`is refused: ${what}`, () => {
      assert.throws(
        () => readReport(changed(change), 'x'),
        (error: FinePruneError) => {
          assert.equal(error.code, code);
          assert.match(error.message, message);
          assert.ok(error.place);
          return true;
        },
      );
    });

  it('is kept where a check of figures looks for it: means of a unit that is always 0', () => {
    const text = changed(({ layer }) => (layer.activations.find((unit) => unit.cleanMeanAbs === 0)!.perClass[0] = 0.5));
    const { activations, classMeans } = readReport(text, 'x').layer;
    assert.equal(classMeans[activations.findIndex((unit) => unit.cleanMeanAbs === 0)]![0], 0.5);
  });

  it('is refused in a scan', () => {
    const scan = JSON.parse(formerText('model.scan.json')) as { scan: Fields };
    scan.scan['evidence'] = [];
    assert.throws(
      () => readScan(JSON.stringify(scan), 'x'),
      (error: FinePruneError) => error.code === 'scan.schema' && /`\/scan` has an unknown/.test(error.message),
    );
  });
});
