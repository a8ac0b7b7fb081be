import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { modelHover } from '../../server/language/model-hover';
import { modelLenses } from '../../server/language/model-lenses';
import { layerNameSpan } from '../../server/language/model-text';
import { percent, prunedCount, resultLine } from '../../server/language/report-text';
import { configResultDiagnostics, modelDiagnostics } from '../../server/language/result-diagnostics';
import { configOf, configWith, marked, SIMPLE_CNN } from './language-support';
import { sampleReport } from './language-report';

const URI = 'file:///w/model.json';

/** A model.json in one line, with `bytes` of initialiser noise in it. */
function oneLine(bytes = 0): string {
  const layers = SIMPLE_CNN.layers.map(({ name, className }) => ({ class_name: className, config: { name, kernel_initializer: { config: { noise: '0123456789'.repeat(Math.ceil(bytes / 10 / SIMPLE_CNN.layers.length)) } } }, inbound_nodes: [[[name, 0, 0, {}]]] }));
  return JSON.stringify({ format: 'layers-model', modelTopology: { class_name: 'Sequential', config: { name: 'sequential', layers } }, weightsManifest: [{ weights: [{ name: 'dense/kernel' }], paths: ['dense'] }] });
}

const document = TextDocument.create(URI, 'json', 1, oneLine());
const last = (changed: string[] = []) => ({ report: sampleReport(), reportUri: 'file:///w/demo.defense.json', changed });

describe('model.json', () => {
  it('finds the name of a layer and nothing that merely looks like it', () => {
    const text = '{"inbound_nodes":[["dense",0]],"path":"dense","config":{ "name" : "dense"},"x":"\\"name\\":\\"dense\\""}';
    const span = layerNameSpan(text, 'dense')!;
    assert.equal(span.offset, text.indexOf('"dense"}'));
    assert.equal(layerNameSpan(text, 'dens'), undefined);
    assert.equal(layerNameSpan('{"name":"a\\"b"}', 'a"b')?.length, 6);
  });

  it('has a lens that runs, and one at the layer that would be pruned, each naming what it is about', () => {
    const lenses = modelLenses(document, SIMPLE_CNN, { layer: null, ratio: 0.2 }, undefined, undefined);
    assert.deepEqual(lenses.map((l) => l.command?.title), ['▶ Fine-Prune Model', 'Fine-Prune would prune 25 of 128 neurons of dense']);
    assert.equal(document.getText(lenses[1]!.range), '"dense"');
    assert.deepEqual(lenses[0]!.command?.arguments, [URI]);
  });

  it('follows the config, and then the result', () => {
    const planned = modelLenses(document, SIMPLE_CNN, { layer: 'conv2d_1', ratio: 'auto', configUri: 'file:///w/c' }, undefined, undefined).at(-1)!;
    assert.equal(planned.command?.title, 'Fine-Prune would prune channels of conv2d_1, as many as clean accuracy allows');
    assert.deepEqual(planned.command?.arguments, ['file:///w/c']);
    const done = modelLenses(document, SIMPLE_CNN, { layer: null, ratio: 0.2 }, last(), undefined);
    assert.deepEqual(done.map((l) => l.command?.title).slice(1), ['Not mitigated · clean accuracy 99 % · ASR 93.3 %', 'Fine-Prune pruned 25 of 128 neurons of dense']);
  });

  it('says why a model cannot be defended', () => {
    const lenses = modelLenses(document, { ...SIMPLE_CNN, problem: { kind: 'input', code: 'x', message: 'Lambda layers are not supported.' } }, { layer: null, ratio: 0.2 }, undefined, undefined);
    assert.deepEqual(lenses.map((l) => l.command?.title), ['Fine-Prune cannot defend this model: Lambda layers are not supported.']);
  });

  it('shows verdict, pruned units and findings at the layer, with their severities', () => {
    const found = modelDiagnostics(document, last());
    assert.deepEqual(found.map((d) => [d.code, d.severity, document.getText(d.range)]), [
      ['result.verdict', 1, '"dense"'],
      ['result.pruned', 3, '"dense"'],
      ['finding.pruned-mostly-dead', 2, '"dense"'],
      ['finding.fine-tuning-did-the-work', 2, '"dense"'],
      ['finding.analysis-on-test-set', 3, '"dense"'],
    ]);
    assert.match(String(found[0]!.message), /^Not mitigated: clean accuracy 98\.9 % → 99 %, ASR 99\.98 % → 93\.3 %, robust accuracy 0\.02 % → 6\.5 %\. The backdoor is still there: /);
    assert.match(String(found[1]!.message), /^25 of 128 neurons of dense were pruned: 4, 9, 14,.*124\./);
    const lost = sampleReport();
    lost.verdict.word = 'accuracy lost';
    assert.equal(modelDiagnostics(document, { ...last(), report: lost })[0]!.severity, 2);
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
    const text = (name: string, run?: ReturnType<typeof last>) => (modelHover(document, SIMPLE_CNN, at(name), run)?.contents as MarkupContent | undefined)?.value ?? '';
    assert.match(text('dense'), /`dense`\*\* · Dense · 128 neurons · 204,928 parameters/);
    assert.match(text('dense_1'), /never pruned/);
    assert.match(text('dense', last()), /\| Attack success rate \(ASR\) \| 99\.98 % \| 99\.98 % \| \*\*93\.3 %\*\* \|/);
    assert.equal(modelHover(document, SIMPLE_CNN, { line: 0, character: 3 }, undefined), null);
  });

  it('answers in a line of 10 MB without scanning every token', () => {
    const large = TextDocument.create(URI, 'json', 1, oneLine(10_000_000));
    assert.ok(large.getText().length > 10_000_000);
    const start = performance.now();
    const [, layer] = modelLenses(large, SIMPLE_CNN, { layer: null, ratio: 0.2 }, undefined, undefined);
    assert.equal(large.getText(layer!.range), '"dense"');
    assert.equal(modelDiagnostics(large, last()).length, 5);
    const elapsed = performance.now() - start;
    assert.ok(elapsed < 1000, `${elapsed} ms`);
  });
});

describe('figures', () => {
  it('never rounds to 100 % or 0 % what is not', () => {
    assert.deepEqual([1, 0, 0.989, 0.99999, 0.99951, 0.00001, 0.97, 0.0006, 1 - 1e-9].map(percent), ['100 %', '0 %', '98.9 %', '99.999 %', '99.95 %', '0.001 %', '97 %', '0.06 %', '> 99.9999 %']);
  });

  it('counts pruned units as the reference does', () => {
    assert.deepEqual([prunedCount(0.2, 128), prunedCount(0.29, 100), prunedCount(1, 7), prunedCount(0.1, 9)], [25, 29, 7, 0]);
  });

  it('leaves out what was not measured', () => {
    const report = sampleReport();
    report.verdict.word = 'not measurable';
    report.stages.after.attackSuccessRate = null;
    assert.equal(resultLine(report), 'Not measurable · clean accuracy 99 %');
  });
});
