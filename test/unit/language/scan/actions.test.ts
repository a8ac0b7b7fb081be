import assert from 'node:assert/strict';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { CodeAction } from 'vscode-languageserver-types';
import { configProblems } from '../../../../server/engine/config/read-config';
import { scanActions } from '../../../../server/language/scan/actions';
import { scanModelDiagnostics } from '../../../../server/language/scan/diagnostics';
import { asModel, configWith, SIMPLE_CNN, URI } from '../support';
import { MODEL_URI, model, last } from './support';

describe('quick fixes for a suspicious class', () => {
  const NEW = `{
  "model": "model.json",
  "data": { "train": { "images": "a", "labels": "b" }, "test": { "images": "c", "labels": "d" } },
  // No trigger is known: the attack success rate can't be measured. "inverted" estimates one from the model. If you
  // know it, for example: { "kind": "patch", "target": 0 } is a white 3×3 square, one pixel from right and bottom.
  "trigger": null,

  // Share of the layer's units to prune; "auto" chooses it on held-out data.
  "prune": { "ratio": 0.2 }, // of the default
  "layer": "dense", // mine
  "seed": 3
}
`;
  function fixes(text: string | undefined): { actions: CodeAction[]; after: Map<string, string> } {
    const config = text === undefined ? undefined : TextDocument.create(URI, 'fineprune', 1, text);
    const diagnostics = scanModelDiagnostics(asModel(model), SIMPLE_CNN.classifier, last());
    const actions = scanActions(diagnostics, { config, subject: MODEL_URI, inspect: { layer: 'dense' } });
    for (const action of actions) assert.deepEqual(action.diagnostics, diagnostics);
    const after = new Map(
      actions.flatMap(({ title, edit }) => {
        const edits = edit?.changes?.[URI];
        if (!edits || !config) return [];
        assert.equal(edits.length, 1, 'more than one edit');
        return [[title, TextDocument.applyEdits(config, edits)]];
      }),
    );
    return { actions, after };
  }

  it('are one edit of the config each, and lead to its neurons', () => {
    const { actions, after } = fixes(NEW);
    assert.deepEqual(
      actions.map(({ title }) => title),
      [
        'Use the estimated trigger',
        'Repair with the guided strategy',
        'Try all repairs, one after the other',
        'Inspect neurons',
      ],
    );
    assert.deepEqual(actions.at(-1)!.command?.arguments, [URI, { layer: 'dense' }]);
    for (const [title, text] of after) assert.deepEqual(configProblems(text), [], `${title}\n${text}`);
  });

  it('write a config that its reader takes, and leave comments and the rest as they are', () => {
    const { after } = fixes(NEW);
    assert.equal(
      after.get('Use the estimated trigger'),
      NEW.replace('"trigger": null', '"trigger": "inverted"').replace(
        'No trigger is known: the attack success rate can\'t be measured. "inverted" estimates one from the model.',
        'Unknown: estimated from the model by trigger inversion.',
      ),
    );
    const guided = NEW.replace(
      '// Share of the layer\'s units to prune; "auto" chooses it on held-out data.',
      '// How the model is repaired; this strategy chooses on its own what to prune.',
    ).replace('"prune": { "ratio": 0.2 }', '"strategy": "guided"');
    assert.equal(after.get('Repair with the guided strategy'), guided);
    const all = after.get('Try all repairs, one after the other')!;
    assert.match(all, /"strategy": "auto", \/\/ of the default/);
    assert.doesNotMatch(all, /"layer"|"prune"/);
    assert.match(all, /"seed": 3/);
  });

  it('exchange a strategy and a trigger that are there', () => {
    const { after } = fixes(
      configWith(
        '"trigger": {\n    "kind": "patch", // theirs\n    "target": 0\n  },\n  "strategy": "fine-pruning",\n  "prune": { "ratio": 0.3 },\n  "seed": 1',
      ),
    );
    assert.match(after.get('Use the estimated trigger')!, /"trigger": "inverted",\n {2}"strategy"/);
    const guided = after.get('Repair with the guided strategy')!;
    assert.match(guided, /"strategy": "guided"/);
    assert.deepEqual(configProblems(guided), []);
  });

  it('do not offer what the config says already, and nothing for a broken one', () => {
    const titles = (text: string) => fixes(text).actions.map(({ title }) => title);
    assert.deepEqual(titles(configWith('"trigger": "inverted",\n  "strategy": "auto"')), [
      'Repair with the guided strategy',
      'Inspect neurons',
    ]);
    assert.deepEqual(titles('{ "model": '), ['Inspect neurons']);
  });

  it('make a config where there is none', () => {
    const { actions } = fixes(undefined);
    assert.deepEqual(
      actions.map(({ title, command }) => [title, command?.command, command?.arguments?.[0] as unknown]),
      [
        ['Repair …', 'finePrune.repair', MODEL_URI],
        ['Inspect neurons', 'finePrune.inspect', MODEL_URI],
      ],
    );
  });

  it('are for scans of ours only', () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
    assert.deepEqual(
      scanActions(
        [
          { source: 'json', code: 'scan.suspicious', message: 'x', range },
          { source: 'Fine-Prune', code: 'result.verdict', message: 'x', range },
        ],
        { config: undefined, subject: MODEL_URI, inspect: {} },
      ),
      [],
    );
  });
});
