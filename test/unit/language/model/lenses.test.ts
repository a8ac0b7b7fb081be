import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { modelHover } from '../../../../server/language/model/hover';
import { modelLenses } from '../../../../server/language/model/lenses';
import { modelDiagnostics } from '../../../../server/language/report/result-diagnostics';
import { asModel, SIMPLE_CNN } from '../support';
import { URI, oneLine, document, last } from '../model-support';

describe('lenses in model.json', () => {
  it('has a lens that runs, and one at the layer that would be pruned, each naming what it is about', () => {
    const lenses = modelLenses(asModel(document), SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 } });
    assert.deepEqual(
      lenses.map((l) => l.command?.title),
      ['▶ Fine-Prune Model', 'Fine-Prune would prune 25 of 128 neurons of dense', 'Scan for Backdoors'],
    );
    assert.equal(document.getText(lenses[1]!.range), '"dense"');
    assert.deepEqual(lenses[2]!.command?.arguments, [URI]);
    assert.deepEqual(lenses[0]!.command?.arguments, [URI]);
  });

  it('follows the config, and then the result', () => {
    const [planned, inspect] = modelLenses(asModel(document), SIMPLE_CNN, {
      plan: { layer: 'conv2d_1', ratio: 'auto', configUri: 'file:///w/c' },
    }).slice(1, 3);
    assert.equal(
      planned!.command?.title,
      'Fine-Prune would prune as many channels of conv2d_1 as clean accuracy allows',
    );
    assert.deepEqual(planned!.command?.arguments, ['file:///w/c']);
    assert.deepEqual(
      [inspect!.command?.title, inspect!.command?.command, inspect!.command?.arguments],
      ['Inspect conv2d_1', 'finePrune.inspect', ['file:///w/c', { layer: 'conv2d_1' }]],
    );
    assert.equal(document.getText(inspect!.range), '"conv2d_1"');
    const done = modelLenses(asModel(document), SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 }, last: last() });
    assert.deepEqual(done.map((l) => l.command?.title).slice(1), [
      'Not mitigated · clean accuracy 99 % · ASR 93.3 %',
      'Fine-Prune pruned 25 of 128 neurons of dense',
      'Scan for Backdoors',
    ]);
  });

  it('has no lens at a layer that nobody could choose, and for a strategy one at the layer that it takes', () => {
    const joined = { ...SIMPLE_CNN, penultimate: null };
    const titles = (strategy?: 'guided') =>
      modelLenses(asModel(document), joined, {
        plan: { layer: null, ratio: 0.2, configUri: 'file:///w/c', ...(strategy && { strategy }) },
      }).map((l) => [l.command?.title, document.getText(l.range)]);
    assert.deepEqual(
      titles().map(([title]) => title),
      ['▶ Fine-Prune Model', 'Scan for Backdoors'],
    );
    assert.deepEqual(titles('guided').slice(1, 3), [
      ['Fine-Prune would repair this model with the strategy guided', '"dense"'],
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
    assert.match(hover(joined, 'dense'), /names it in `layer`\. A strategy chooses it on its own/);
    assert.doesNotMatch(hover(joined, 'conv2d_1'), /A strategy/);
  });

  it('counts the units that the config names, and says when the layer does not have them', () => {
    const title = (units: number[]) =>
      modelLenses(asModel(document), SIMPLE_CNN, { plan: { layer: null, ratio: null, units } }).at(-2)!.command?.title;
    assert.equal(title([3, 127]), 'Fine-Prune would prune 2 of 128 neurons of dense, as named in the config');
    assert.equal(
      title([3, 128]),
      'Fine-Prune cannot prune all of the named units: those of dense are numbered 0 to 127',
    );
  });

  it('says why a model cannot be defended', () => {
    const lenses = modelLenses(
      asModel(document),
      { ...SIMPLE_CNN, problem: { kind: 'input', code: 'x', message: 'Lambda layers are not supported.' } },
      { plan: { layer: null, ratio: 0.2 } },
    );
    assert.deepEqual(
      lenses.map((l) => l.command?.title),
      ['Fine-Prune cannot defend this model: Lambda layers are not supported.'],
    );
  });

  it('answers in a line of 10 MB without scanning every token', () => {
    const large = TextDocument.create(URI, 'json', 1, oneLine(10_000_000));
    assert.ok(large.getText().length > 10_000_000);
    const start = performance.now();
    const layer = modelLenses(asModel(large), SIMPLE_CNN, { plan: { layer: null, ratio: 0.2 } }).at(-2);
    assert.equal(large.getText(layer!.range), '"dense"');
    assert.equal(modelDiagnostics(asModel(large), last()).length, 5);
    const elapsed = performance.now() - start;
    assert.ok(elapsed < 1000, `${elapsed} ms`);
  });
});
