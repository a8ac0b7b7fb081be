import assert from 'node:assert/strict';
import type { MarkupContent } from 'vscode-languageserver-types';
import { modelHover } from '../../../../server/language/model/hover';
import { SIMPLE_CNN } from '../support';
import { document, last } from '../model-support';

describe('hovers in model.json', () => {
  it('explains layers', () => {
    const at = (name: string) => document.positionAt(document.getText().indexOf(`"name":"${name}"`) + 9);
    const text = (name: string, run?: ReturnType<typeof last>) =>
      (modelHover(document, SIMPLE_CNN, at(name), run)?.contents as MarkupContent | undefined)?.value ?? '';
    assert.match(text('dense'), /`dense`\*\* · Dense · 128 neurons · 204,928 parameters/);
    assert.match(text('dense_1'), /never pruned/);
    assert.match(text('dense', last()), /\| Attack success rate \(ASR\) \| 99\.98 % \| 99\.98 % \| \*\*93\.3 %\*\* \|/);
    assert.equal(modelHover(document, SIMPLE_CNN, { line: 0, character: 3 }, undefined), null);
  });
});
