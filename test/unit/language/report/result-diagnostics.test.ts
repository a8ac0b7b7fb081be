import assert from 'node:assert/strict';
import { modelActions } from '../../../../server/language/model/actions';
import { configResultDiagnostics, modelDiagnostics } from '../../../../server/language/report/result-diagnostics';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { asModel, configOf, configWith, marked } from '../support';
import { sampleReport } from '../report-support';
import { URI, document, last } from '../model-support';

/** Three units, of which the trigger raises the last one most. */
function raisedReport(): DefenseReport {
  const report = sampleReport();
  const unit = (cleanMean: number, triggeredMean: number, cleanFires = 0.5, triggeredFires = 0.5) => ({
    cleanMean,
    cleanMeanAbs: cleanMean,
    cleanFires,
    triggeredMean,
    triggeredFires,
  });
  return {
    ...report,
    layer: {
      ...report.layer,
      units: 3,
      activations: [unit(5, 6), unit(8, 0), unit(0.634212913, 4.69670354, 0.031, 0.998337)],
    },
  };
}

describe('a result at model and config', () => {
  it('shows verdict, pruned units and findings at the layer, with their severities', () => {
    const found = modelDiagnostics(asModel(document), last());
    assert.deepEqual(
      found.map((d) => [d.code, d.severity, document.getText(d.range)]),
      [
        ['result.verdict', 1, '"dense"'],
        ['result.pruned', 3, '"dense"'],
        ['finding.pruned-mostly-dead', 2, '"dense"'],
        ['finding.fine-tuning-did-the-work', 2, '"dense"'],
        ['finding.analysis-on-test-set', 3, '"dense"'],
      ],
    );
    assert.match(
      String(found[0]!.message),
      /^Not mitigated: clean accuracy 98\.9 % → 99 %, ASR 99\.98 % → 93\.3 %, robust accuracy 0\.02 % → 6\.5 %\. The backdoor is still there: /,
    );
    assert.match(String(found[1]!.message), /^25 of 128 neurons of dense were pruned: 4, 9, 14,.*124\./);
    const lost = sampleReport();
    lost.verdict.word = 'accuracy lost';
    assert.equal(modelDiagnostics(asModel(document), { ...last(), report: lost })[0]!.severity, 2);
  });

  it('names the unit that the trigger raises most where the backdoor is still there, and leads to it', () => {
    const found = modelDiagnostics(asModel(document), { ...last(), report: raisedReport() });
    const loudest = found.find(({ code }) => code === 'result.loudest')!;
    assert.equal(
      loudest.message,
      'Neuron 2 of dense is raised most by the trigger, from a mean of 0.634 to 4.7: it fires on 99.8 % of triggered and 3.1 % of clean inputs, and was not pruned.',
    );
    assert.deepEqual([loudest.severity, document.getText(loudest.range)], [3, '"dense"']);
    const actions = modelActions('file:///w/c', found);
    assert.deepEqual(
      actions.map(({ title, kind, command }) => [title, kind, command?.command, command?.arguments]),
      [
        ['Inspect layer dense', 'quickfix', 'finePrune.inspect', ['file:///w/c', { layer: 'dense' }]],
        ['Inspect neuron 2', 'quickfix', 'finePrune.inspect', ['file:///w/c', { layer: 'dense', unit: 2 }]],
      ],
    );
    assert.deepEqual(actions[1]!.diagnostics, [loudest]);
  });

  it('says that this unit was pruned, or calls it a channel, where that is so', () => {
    const report = raisedReport();
    const text = (change: Partial<DefenseReport>) =>
      modelDiagnostics(asModel(document), { ...last(), report: { ...report, ...change } }).find(
        ({ code }) => code === 'result.loudest',
      )?.message;
    assert.match(String(text({ pruning: { ...report.pruning, units: [2] } })), /, and was pruned\.$/);
    assert.match(String(text({ layer: { ...report.layer, kind: 'Conv2D' } })), /^Channel 2 of dense /);
  });

  it('names no unit where the backdoor is gone, the trigger is only estimated, or none is raised', () => {
    const report = raisedReport();
    const codes = (change: Partial<DefenseReport>) =>
      modelDiagnostics(asModel(document), { ...last(), report: { ...report, ...change } }).map(({ code }) => code);
    const lowered = report.layer.activations.map((one) => ({ ...one, triggeredMean: one.cleanMean - 1 }));
    for (const change of [
      { verdict: { ...report.verdict, word: 'mitigated' as const } },
      { trigger: { ...report.trigger!, source: 'estimated' as const } },
      { trigger: null },
      { layer: { ...report.layer, activations: lowered } },
      {
        layer: {
          ...report.layer,
          activations: lowered.map((one) => ({ ...one, triggeredMean: null, triggeredFires: null })),
        },
      },
    ]) {
      assert.ok(!codes(change).includes('result.loudest'), JSON.stringify(change).slice(0, 200));
      assert.ok(codes(change).includes('result.pruned'));
    }
  });

  it('says that figures are stale instead of showing them', () => {
    const [only, ...rest] = modelDiagnostics(asModel(document), last(['the model', 'the data']));
    assert.deepEqual(rest, []);
    assert.equal(only!.severity, 3);
    assert.match(String(only!.message), /^Stale: the model and the data changed since this run/);
    assert.doesNotMatch(String(only!.message), /%/);
  });

  it('puts the verdict at the gate that was missed', () => {
    const { text, range } = marked(configWith('"gates": { "maxAttackSuccessRate": «0.05» }'));
    const [found, ...rest] = configResultDiagnostics(configOf(text), last(), URI);
    assert.deepEqual([found!.range, found!.severity, rest.length], [range, 1, 0]);
    assert.equal(found!.relatedInformation?.[0]?.location.uri, URI);
  });
});
