import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { formatNamed } from '../../../../server/engine/model/formats/registry';
import { modelHover } from '../../../../server/language/model/hover';
import { modelLenses } from '../../../../server/language/model/lenses';
import { stringAround } from '../../../../server/language/model/text';
import { asModel, SIMPLE_CNN } from '../support';
import { URI } from '../model-support';

describe('names in model.json', () => {
  const { layerSpan } = formatNamed('tfjs-layers');

  it('finds names that JSON spells with escapes, and says of them what it says of others', () => {
    const name = 'dicht "#1" \\ `ü`';
    for (const spelling of [JSON.stringify(name), '"dicht \\"#1\\" \\\\ `\\u00fc`"']) {
      const text = `{"modelTopology":{"name":${spelling},"x":"y"}}`;
      const [offset, length] = [text.indexOf(spelling), spelling.length];
      assert.deepEqual(layerSpan(text, name), { offset, length });
      for (const at of [offset + 1, offset + 9, offset + length - 1])
        assert.deepEqual(stringAround(text, at), { value: name, offset, length });
      const summary = {
        ...SIMPLE_CNN,
        layers: [{ ...SIMPLE_CNN.layers.find((layer) => layer.prunable)!, name }],
        penultimate: name,
      };
      const model = TextDocument.create(URI, 'json', 1, text);
      const hover = modelHover(model, summary, model.positionAt(offset + 9), undefined);
      assert.match((hover?.contents as MarkupContent).value, /^\*\*`` dicht "#1" \\ `ü` ``\*\*/);
      assert.equal(
        model.getText(modelLenses(asModel(model), summary, { plan: { layer: null, ratio: 0.2 } })[1]!.range),
        spelling,
      );
    }
  });
});
