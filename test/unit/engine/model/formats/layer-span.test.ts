import assert from 'node:assert/strict';
import { layerSpan } from '../../../../../server/engine/model/formats/tfjs-layers/layer-span';

describe('where a model.json names a layer', () => {
  it('finds the name of a layer and nothing that merely looks like it', () => {
    const text =
      '{"inbound_nodes":[["dense",0]],"path":"dense","config":{ "name" : "dense"},"x":"\\"name\\":\\"dense\\""}';
    const span = layerSpan(text, 'dense')!;
    assert.equal(span.offset, text.indexOf('"dense"}'));
    assert.equal(layerSpan(text, 'dens'), undefined);
    assert.equal(layerSpan('{"name":"a\\"b"}', 'a"b')?.length, 6);
  });
});
