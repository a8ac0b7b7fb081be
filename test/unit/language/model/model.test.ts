import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { modelActions } from '../../../../server/language/model/actions';
import { modelHover } from '../../../../server/language/model/hover';
import { modelLenses } from '../../../../server/language/model/lenses';
import { layerNameSpan, stringAround } from '../../../../server/language/model/text';
import { resultLine } from '../../../../server/language/text/report-text';
import { configResultDiagnostics, modelDiagnostics } from '../../../../server/language/report/result-diagnostics';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { configOf, configWith, marked, SIMPLE_CNN } from '../support';
import { sampleReport } from '../report-support';
import { percent } from '../../../../server/protocol/words';
import { pruneCount } from '../../../../server/protocol/pruning';

const URI = 'file:///w/model.json';

/** A model.json in one line, with `bytes` of initialiser noise in it. */
function oneLine(bytes = 0): string {
  const layers = SIMPLE_CNN.layers.map(({ name, className }) => ({
    class_name: className,
    config: {
      name,
      kernel_initializer: { config: { noise: '0123456789'.repeat(Math.ceil(bytes / 10 / SIMPLE_CNN.layers.length)) } },
    },
    inbound_nodes: [[[name, 0, 0, {}]]],
  }));
  return JSON.stringify({
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { name: 'sequential', layers } },
    weightsManifest: [{ weights: [{ name: 'dense/kernel' }], paths: ['dense'] }],
  });
}

const document = TextDocument.create(URI, 'json', 1, oneLine());
const last = (changed: string[] = []) => ({
  report: sampleReport(),
  reportUri: 'file:///w/demo.defense.json',
  changed,
});

/** Three units, of which the trigger raises the last one most. */
function raisedReport(): DefenseReport {
  const report = sampleReport();
  const unit = (cleanMean: number, triggeredMean: number, cleanFires = 0.5, triggeredFires = 0.5) => ({
    cleanMean,
    cleanMeanAbs: cleanMean,
    cleanFires,
    perClass: [],
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

describe('model.json', () => {
  it('finds the name of a layer and nothing that merely looks like it', () => {
    const text =
      '{"inbound_nodes":[["dense",0]],"path":"dense","config":{ "name" : "dense"},"x":"\\"name\\":\\"dense\\""}';
    const span = layerNameSpan(text, 'dense')!;
    assert.equal(span.offset, text.indexOf('"dense"}'));
    assert.equal(layerNameSpan(text, 'dens'), undefined);
    assert.equal(layerNameSpan('{"name":"a\\"b"}', 'a"b')?.length, 6);
  });

  it('finds names that JSON spells with escapes, and says of them what it says of others', () => {
    const name = 'dicht "#1" \\ `ü`';
    for (const spelling of [JSON.stringify(name), '"dicht \\"#1\\" \\\\ `\\u00fc`"']) {
      const text = `{"modelTopology":{"name":${spelling},"x":"y"}}`;
      const [offset, length] = [text.indexOf(spelling), spelling.length];
      assert.deepEqual(layerNameSpan(text, name), { offset, length });
      for (const at of [offset + 1, offset + 9, offset + length - 1])
        assert.deepEqual(stringAround(text, at), { value: name, offset, length });
      const summary = {
        ...SIMPLE_CNN,
        layers: [{ ...SIMPLE_CNN.layers.find((layer) => layer.prunable)!, name }],
        penultimate: name,
      };
      const model = TextDocument.create(URI, 'json', 1, text);
      const hover = modelHover(model, summary, model.positionAt(offset + 9), undefined);
      assert.match((hover?.contents as MarkupContent).value, /dicht "#1" \\ {2}ü/);
      assert.equal(
        model.getText(modelLenses(model, summary, { plan: { layer: null, ratio: 0.2 } })[1]!.range),
        spelling,
      );
    }
  });

  it('has a lens that runs, and one at the layer that would be pruned, each naming what it is about', () => {
    const lenses = modelLenses(document, SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 } });
    assert.deepEqual(
      lenses.map((l) => l.command?.title),
      ['▶ Fine-Prune Model', 'Fine-Prune would prune 25 of 128 neurons of dense', 'Scan for Backdoors'],
    );
    assert.equal(document.getText(lenses[1]!.range), '"dense"');
    assert.deepEqual(lenses[2]!.command?.arguments, [URI]);
    assert.deepEqual(lenses[0]!.command?.arguments, [URI]);
  });

  it('follows the config, and then the result', () => {
    const [planned, inspect] = modelLenses(document, SIMPLE_CNN, {
      plan: { layer: 'conv2d_1', ratio: 'auto', configUri: 'file:///w/c' },
    }).slice(1, 3);
    assert.equal(
      planned!.command?.title,
      'Fine-Prune would prune channels of conv2d_1, as many as clean accuracy allows',
    );
    assert.deepEqual(planned!.command?.arguments, ['file:///w/c']);
    assert.deepEqual(
      [inspect!.command?.title, inspect!.command?.command, inspect!.command?.arguments],
      ['Inspect conv2d_1', 'finePrune.inspect', ['file:///w/c', { layer: 'conv2d_1' }]],
    );
    assert.equal(document.getText(inspect!.range), '"conv2d_1"');
    const done = modelLenses(document, SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 }, last: last() });
    assert.deepEqual(done.map((l) => l.command?.title).slice(1), [
      'Not mitigated · clean accuracy 99 % · ASR 93.3 %',
      'Fine-Prune pruned 25 of 128 neurons of dense',
      'Scan for Backdoors',
    ]);
  });

  it('has no lens at a layer that nobody could choose, and for a strategy one at the layer that it takes', () => {
    const joined = { ...SIMPLE_CNN, penultimate: null };
    const titles = (strategy?: 'guided') =>
      modelLenses(document, joined, {
        plan: { layer: null, ratio: 0.2, configUri: 'file:///w/c', ...(strategy && { strategy }) },
      }).map((l) => [l.command?.title, document.getText(l.range)]);
    assert.deepEqual(
      titles().map(([title]) => title),
      ['▶ Fine-Prune Model', 'Scan for Backdoors'],
    );
    assert.deepEqual(titles('guided').slice(1, 3), [
      ['Fine-Prune would repair this model by the strategy guided', '"dense"'],
      ['Inspect dense', '"dense"'],
    ]);
    const hover = (summary: typeof joined, name: string) =>
      (
        modelHover(
          document,
          summary,
          document.positionAt(document.getText().indexOf(`"name":"${name}"`) + 9),
          undefined,
        )!.contents as MarkupContent
      ).value;
    assert.match(hover(joined, 'dense'), /names it in `layer`\. A strategy takes it by itself/);
    assert.doesNotMatch(hover(joined, 'conv2d_1'), /A strategy/);
  });

  it('counts the units that the config names, and says when the layer does not have them', () => {
    const title = (units: number[]) =>
      modelLenses(document, SIMPLE_CNN, { plan: { layer: null, ratio: null, units } }).at(-2)!.command?.title;
    assert.equal(title([3, 127]), 'Fine-Prune would prune 2 of 128 neurons of dense, those that the config names');
    assert.equal(title([3, 128]), 'Fine-Prune cannot prune all of the named units: those of dense are 0 to 127');
  });

  it('says why a model cannot be defended', () => {
    const lenses = modelLenses(
      document,
      { ...SIMPLE_CNN, problem: { kind: 'input', code: 'x', message: 'Lambda layers are not supported.' } },
      { plan: { layer: null, ratio: 0.2 } },
    );
    assert.deepEqual(
      lenses.map((l) => l.command?.title),
      ['Fine-Prune cannot defend this model: Lambda layers are not supported.'],
    );
  });

  it('shows verdict, pruned units and findings at the layer, with their severities', () => {
    const found = modelDiagnostics(document, last());
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
    assert.equal(modelDiagnostics(document, { ...last(), report: lost })[0]!.severity, 2);
  });

  it('names the unit that the trigger raises most where the backdoor is still there, and leads to it', () => {
    const found = modelDiagnostics(document, { ...last(), report: raisedReport() });
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
      modelDiagnostics(document, { ...last(), report: { ...report, ...change } }).find(
        ({ code }) => code === 'result.loudest',
      )?.message;
    assert.match(String(text({ pruning: { ...report.pruning, units: [2] } })), /, and was pruned\.$/);
    assert.match(String(text({ layer: { ...report.layer, kind: 'Conv2D' } })), /^Channel 2 of dense /);
  });

  it('names no unit where the backdoor is gone, the trigger is only estimated, or none is raised', () => {
    const report = raisedReport();
    const codes = (change: Partial<DefenseReport>) =>
      modelDiagnostics(document, { ...last(), report: { ...report, ...change } }).map(({ code }) => code);
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

  it('leads nowhere from what is not ours', () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
    const foreign = { source: 'json', message: 'x', range, data: { title: 'Inspect', layer: 'dense' } };
    assert.deepEqual(modelActions('file:///w/c', [foreign, { source: 'Fine-Prune', message: 'x', range }]), []);
  });

  it('says that figures are stale instead of showing them', () => {
    const [only, ...rest] = modelDiagnostics(document, last(['the model', 'the data']));
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

  it('explains layers', () => {
    const at = (name: string) => document.positionAt(document.getText().indexOf(`"name":"${name}"`) + 9);
    const text = (name: string, run?: ReturnType<typeof last>) =>
      (modelHover(document, SIMPLE_CNN, at(name), run)?.contents as MarkupContent | undefined)?.value ?? '';
    assert.match(text('dense'), /`dense`\*\* · Dense · 128 neurons · 204,928 parameters/);
    assert.match(text('dense_1'), /never pruned/);
    assert.match(text('dense', last()), /\| Attack success rate \(ASR\) \| 99\.98 % \| 99\.98 % \| \*\*93\.3 %\*\* \|/);
    assert.equal(modelHover(document, SIMPLE_CNN, { line: 0, character: 3 }, undefined), null);
  });

  it('answers in a line of 10 MB without scanning every token', () => {
    const large = TextDocument.create(URI, 'json', 1, oneLine(10_000_000));
    assert.ok(large.getText().length > 10_000_000);
    const start = performance.now();
    const layer = modelLenses(large, SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 } }).at(-2);
    assert.equal(large.getText(layer!.range), '"dense"');
    assert.equal(modelDiagnostics(large, last()).length, 5);
    const elapsed = performance.now() - start;
    assert.ok(elapsed < 1000, `${elapsed} ms`);
  });
});

describe('figures', () => {
  it('never rounds to 100 % or 0 % what is not', () => {
    assert.deepEqual([1, 0, 0.989, 0.99999, 0.99951, 0.00001, 0.97, 0.0006, 1 - 1e-9].map(percent), [
      '100 %',
      '0 %',
      '98.9 %',
      '99.999 %',
      '99.95 %',
      '0.001 %',
      '97 %',
      '0.06 %',
      '> 99.9999 %',
    ]);
  });

  it('counts pruned units as the reference does', () => {
    assert.deepEqual(
      [pruneCount(0.2, 128), pruneCount(0.29, 100), pruneCount(1, 7), pruneCount(0.1, 9)],
      [25, 29, 7, 0],
    );
  });

  it('leaves out what was not measured', () => {
    const report = sampleReport();
    report.verdict.word = 'not measurable';
    report.stages.after.attackSuccessRate = null;
    assert.equal(resultLine(report), 'Not measurable · clean accuracy 99 %');
  });
});
