import { changeMatrix } from '../../../../fixtures/matrices';
import assert from 'node:assert/strict';
import { judgeGates, judge } from '../../../../../server/engine/defense/verdict';
import { mcnemar } from '../../../../../server/engine/metrics/mcnemar';
import { rate } from '../../../../../server/engine/metrics/rate';
import { consistencyProblems, readReport } from '../../../../../server/engine/report/json/read-report';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, exampleText, isLeftOut, setAttackSuccess, textOf } from '../../../../fixtures/example-report';

/** Problems of the committed report after a change by hand, as `id pointer`. It must still be one that can be read. */
function problems(change: (report: DefenseReport) => void): string[] {
  const report = readReport(textOf(exampleReport(change)), 'x');
  return consistencyProblems(report)
    .filter((one) => one.kind === 'problem' && !isLeftOut(one))
    .map(({ id, pointer }) => `${id} ${pointer}`);
}

/** The change is told, at this place. */
function told(expected: string, change: (report: DefenseReport) => void): void {
  const found = problems(change);
  assert.ok(found.includes(expected), `expected ${expected} among ${JSON.stringify(found)}`);
}

describe('figures that must agree', () => {
  it('do so in the committed report; that a command line overrode the backend is but noted', () => {
    const found = consistencyProblems(readReport(exampleText(), 'x'));
    assert.deepEqual(
      found.map(({ id, kind }) => `${kind} ${id}`),
      ['note config.overridden'],
    );
  });

  it('say both figures in the message', () => {
    const [first] = consistencyProblems(exampleReport((r) => void (r.stages.after.cleanAccuracy.rate = 0.999))).filter(
      (one) => !isLeftOut(one),
    );
    assert.equal(first?.message, '`/stages/after/cleanAccuracy/rate` is 0.999, but 9910 of 10000 gives 0.991.');
  });

  const edits: [string, string, (r: DefenseReport) => void][] = [
    [
      'a rate',
      'rate /stages/after/attackSuccessRate/rate',
      (r) => void (r.stages.after.attackSuccessRate!.rate = 0.910001),
    ],
    [
      'an interval',
      'rate /stages/after/attackSuccessRate/high',
      (r) => void (r.stages.after.attackSuccessRate!.high = 0.93),
    ],
    [
      'hits, with rate and interval made to fit',
      'confusion /stages/after/attackSuccessRate/hits',
      (r) => void (r.stages.after.attackSuccessRate = rate(100, 9020)),
    ],
    [
      'a cell of a confusion matrix',
      'confusion /stages/after/cleanAccuracy/hits',
      (r) => changeMatrix(r.confusion.after, 'clean', (m) => (m[3]![3]! += 1)),
    ],
    [
      'a row that has more images than before',
      'confusion /confusion/after/clean/3',
      (r) => changeMatrix(r.confusion.after, 'clean', (m) => (m[3]![4]! += 1)),
    ],
    [
      'a triggered input of the target class',
      'trigger /confusion/after/triggered/of/0',
      (r) => changeMatrix(r.confusion.after, 'triggered', (m) => (m[0]![0] = 5)),
    ],
    [
      'the number of test images',
      'images /stages/before/cleanAccuracy/of',
      (r) => void (r.data.test.images = r.data.test.available = 5000),
    ],
    [
      "McNemar's counts",
      'mcnemar /comparison/cleanAccuracy/onlyBefore',
      (r) => void (r.comparison.cleanAccuracy.onlyBefore = 0),
    ],
    [
      'more discordant pairs than can be',
      'mcnemar /comparison/attackSuccess/onlyBefore',
      (r) => void Object.assign(r.comparison.attackSuccess!, { onlyBefore: 9000, onlyAfter: 8256 }),
    ],
    [
      "McNemar's p-value",
      'mcnemar /comparison/cleanAccuracy/pValue',
      (r) => void (r.comparison.cleanAccuracy.pValue = 0.5),
    ],
    ['a gate that is met all of a sudden', 'gates /gates/0/met', (r) => void (r.gates[0]!.met = true)],
    ["a gate's limit", 'gates /gates/0/limit', (r) => void (r.gates[0]!.limit = 0.95)],
    ['what a gate was judged by', 'gates /gates/0/judged', (r) => void (r.gates[0]!.judged = 0.01)],
    ['a gate left out', 'gates /gates', (r) => void r.gates.shift()],
    ['the verdict', 'verdict /verdict/word', (r) => void (r.verdict.word = 'mitigated')],
    ["the verdict's sentence", 'verdict /verdict/sentence', (r) => void (r.verdict.sentence = 'All is well.')],
    ['a hidden finding', 'findings /findings', (r) => void r.findings.shift()],
    ['findings about the work of fine-tuning hidden', 'findings /findings', (r) => void r.findings.splice(1, 1)],
    ['all findings hidden', 'findings /findings', (r) => void (r.findings = [])],
    ['a finding made harmless', 'findings /findings/0', (r) => void (r.findings[0]!.severity = 'information')],
    [
      'a finding with other words',
      'findings /findings/0',
      (r) => void (r.findings[0]!.message = 'Some neurons were dead.'),
    ],
    [
      'a finding invented',
      'findings /findings/3',
      (r) => void r.findings.push({ id: 'no-holdout', severity: 'information', message: 'x' }),
    ],
    ['findings in another order', 'findings /findings', (r) => void r.findings.reverse()],
    ['dead units that are no longer called dead', 'pruning /pruning/dead', (r) => void (r.pruning.dead = 3)],
    [
      'dead units taken off the list',
      'layer /layer/activations/4',
      (r) => void (r.layer.dead = r.layer.dead.filter((u) => u !== 4)),
    ],
    [
      'a living unit put on it',
      'layer /layer/activations/1',
      (r) => void (r.layer.dead = [...r.layer.dead, 1].sort((a, b) => a - b)),
    ],
    ['the number of pruned units', 'pruning /pruning/count', (r) => void (r.pruning.count = 26)],
    ['the ratio', 'pruning /pruning/ratio', (r) => void (r.pruning.ratio = 0.5)],
    ['a pruned unit exchanged', 'pruning /pruning/units', (r) => void (r.pruning.units[24] = 1)],
    ['pruned units in another order', 'pruning /pruning/units/1', (r) => void r.pruning.units.reverse()],
    [
      'how many of them the trigger raises',
      'pruning /pruning/amongTriggerRaised',
      (r) => void (r.pruning.amongTriggerRaised = 20),
    ],
    ["a unit's mean", 'layer /layer/activations/1', (r) => void (r.layer.activations[1]!.cleanMean *= 1.01)],
    [
      'how often a unit fires',
      'layer /layer/activations/1',
      (r) => void (r.layer.activations[1]!.cleanFires = 0.123_456),
    ],
    ['the number of analysed images', 'layer /layer/images', (r) => void (r.layer.images = 9000)],
    ['the curve at its beginning', 'curve /curve/points/0/correct', (r) => void (r.curve.points[0]!.correct = 9000)],
    [
      'the curve at what was pruned',
      'curve /curve/points/25/successful',
      (r) => void (r.curve.points[25]!.successful = 12),
    ],
    ['a curve that ends early', 'curve /curve/points', (r) => void r.curve.points.pop()],
    ['a curve on fewer images than it says', 'curve /curve/subset', (r) => void (r.curve.subset = true)],
    [
      'a largest number beyond the limit',
      'curve /curve/largestWithinLimit/heldOut/correct',
      (r) => void (r.curve.largestWithinLimit!.heldOut.correct = 4000),
    ],
    ['epochs', 'fineTuning /fineTuning/epochs', (r) => void (r.fineTuning.epochs = 9)],
    ['steps', 'fineTuning /fineTuning/steps', (r) => void (r.fineTuning.steps = 7)],
    ['an epoch left out', 'fineTuning /fineTuning/history', (r) => void r.fineTuning.history.pop()],
    ['the target class', 'trigger /trigger/target', (r) => void (r.trigger!.target = 3)],
    [
      'a trigger that is said to be estimated',
      'trigger /trigger/source',
      (r) => void (r.trigger!.source = 'estimated'),
    ],
    ['held-out images', 'images /data/holdout/images', (r) => void (r.data.holdout.images = 0)],
    ['a data file left out', 'data /data/files', (r) => void r.data.files.pop()],
    ['a hash that is none', 'hash /data/files/2/sha256', (r) => void (r.data.files[2]!.sha256 = 'abc')],
    [
      'a model that training did not change',
      'model /model/after/weights',
      (r) => void (r.model.after!.weights = r.model.before.weights),
    ],
    [
      'a defended model elsewhere',
      'model /model/after/path',
      (r) => void (r.model.after!.path = '../../other/model.json'),
    ],
    ['a defended model left out', 'model /model/after', (r) => void (r.model.after = null)],
    [
      'a repair by units that a trigger raises, without one',
      'repaired /repaired',
      (r) => {
        r.trigger = null;
        r.provenance.config.trigger = null;
        r.provenance.config.prune.rule = 'triggered-difference';
      },
    ],
    ['that nothing was repaired', 'repaired /repaired', (r) => void (r.repaired = false)],
    ['the number of threads', 'config /provenance/threads', (r) => void (r.provenance.threads = 8)],
    [
      'a looser gate in the recorded config',
      'gates /gates/0/limit',
      (r) => void (r.provenance.config.gates.maxAttackSuccessRate = 0.95),
    ],
    [
      'another trigger in the recorded config',
      'trigger /trigger/target',
      (r) => void (r.provenance.config.trigger!.target = 1),
    ],
  ];
  for (const [what, expected, change] of edits) it(`tell of ${what}`, () => told(expected, change));

  it('tell of a success rate that was made better everywhere but in one place', () => {
    const forged =
      (more: (r: DefenseReport) => void) =>
      (r: DefenseReport): void => {
        setAttackSuccess(r, 'after', 0, 90);
        r.gates = judgeGates(r, r.provenance.config.gates);
        r.verdict = judge(r, r.provenance.config.gates);
        r.findings[1]!.message =
          'Fine-tuning did the work, not pruning: ASR 99.8 % before, 99.8 % after pruning, 1 % after fine-tuning.';
        r.comparison.attackSuccess = mcnemar(
          new Uint8Array(9020).fill(1, 0, 9002),
          new Uint8Array(9020).fill(1, 0, 90),
        );
        more(r);
      };
    assert.deepEqual(
      problems(forged(() => undefined)),
      ['proof /proof'],
      'a run would have looked at the repaired model again; what else was forged can only be told by measuring again',
    );
    assert.equal(exampleReport(forged(() => undefined)).verdict.word, 'mitigated');
    told(
      'mcnemar /comparison/attackSuccess/onlyBefore',
      forged((r) => void (r.comparison = exampleReport().comparison)),
    );
    told(
      'findings /findings/1',
      forged((r) => void (r.findings = exampleReport().findings)),
    );
    told(
      'verdict /verdict/word',
      forged((r) => void (r.verdict = exampleReport().verdict)),
    );
    told(
      'gates /gates/0/met',
      forged((r) => void (r.gates = exampleReport().gates)),
    );
  });

  it('do not hold version 0.1 to its sentences, but to its words and figures; any other tool to all of them', () => {
    const other =
      (tool: string, change: (r: DefenseReport) => void = () => undefined) =>
      (r: DefenseReport): void => {
        r.provenance.tool = tool;
        r.verdict.sentence = 'The trigger is gone.';
        change(r);
      };
    const ofFormer = (change?: (r: DefenseReport) => void): string[] =>
      consistencyProblems(exampleReport(other('fine-prune 0.1.0', change)))
        .filter((one) => one.kind === 'problem')
        .map(({ id, pointer }) => `${id} ${pointer}`);
    assert.deepEqual(ofFormer(), []);
    assert.deepEqual(
      ofFormer((r) => void (r.verdict.word = 'mitigated')),
      ['verdict /verdict/word'],
    );
    assert.deepEqual(
      ofFormer((r) => void r.findings.shift()),
      ['findings /findings'],
    );
    for (const tool of ['fine-prune 0.0.1', 'fine-prune 9.9.9', 'another tool', ''])
      assert.deepEqual(problems(other(tool)), ['verdict /verdict/sentence'], tool);
    assert.throws(() => problems(other('fine-prune 0.1.0')), /does not write schemaVersion 2/);
  });

  it('take units that the config names in whatever place the rule gives them', () => {
    const named =
      (units: number[]) =>
      (r: DefenseReport): void => {
        r.provenance.config.prune = { ratio: null, rule: 'clean-mean', units: [0, 4, 1].sort((a, b) => a - b) };
        Object.assign(r.pruning, {
          ratio: null,
          units,
          count: units.length,
          dead: units.filter((u) => r.layer.dead.includes(u)).length,
        });
      };
    const about = (found: string[]): string[] => found.filter((p) => p.startsWith('pruning /pruning/units'));
    assert.deepEqual(about(problems(named([0, 1, 4]))), []);
    assert.deepEqual(about(problems(named([0, 4, 9]))), ['pruning /pruning/units']);
  });

  it('note what only single predictions could tell', () => {
    // Neuron 54 wakes a very little on triggered inputs, so a prediction may have changed while no count did.
    const report = exampleReport((r) => {
      r.findings[0] = {
        id: 'pruned-mostly-dead',
        severity: 'warning',
        message: '24 of the 25 neurons pruned in dense_1 were already dead: pruning them changed nothing.',
      };
    });
    assert.deepEqual(
      consistencyProblems(report)
        .filter(({ id }) => id === 'findings')
        .map(({ kind }) => kind),
      ['note'],
    );
  });
});
