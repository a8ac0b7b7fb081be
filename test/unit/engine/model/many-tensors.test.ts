import assert from 'node:assert/strict';
import { summarise } from '../../../../server/engine/model/formats/tfjs-layers/summary';
import { topologicalOrder } from '../../../../server/engine/model/formats/tfjs-layers/topology/layer-order';
import { JsonNode } from '../../../../server/engine/model/formats/tfjs-layers/json';
import { allowed } from '../../../harness/busy';

interface Tensor {
  name: string;
  shape: number[];
  dtype: string;
}

const OWN: Tensor[] = [
  { name: 'scores/kernel', shape: [12, 2], dtype: 'float32' },
  { name: 'scores/bias', shape: [2], dtype: 'float32' },
];
const tensor = (name: string): Tensor => ({ name, shape: [], dtype: 'float32' });

function modelJson(weights: Tensor[], paths: string[] = ['weights.bin']): string {
  return JSON.stringify({
    format: 'layers-model',
    modelTopology: {
      class_name: 'Sequential',
      config: {
        layers: [
          { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 2, 2, 3] } },
          { class_name: 'Dense', config: { name: 'scores', units: 2, activation: 'softmax' } },
        ],
      },
    },
    weightsManifest: [{ paths, weights }],
  });
}

function timed<T>(work: () => T): [T, number] {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1000];
}

describe('models of very many tensors', function () {
  this.timeout(60_000);

  it('40,000 tensors of one ending are read in less than a second', () => {
    const json = modelJson([...OWN, ...Array.from({ length: 40_000 }, (_, i) => tensor(`step${i}/adam/v`))]);
    const [summary, took] = timed(() => summarise(json, 'model.json'));
    assert.equal(summary.problem, undefined);
    assert.equal(summary.classes, 2);
    assert.ok(took < allowed(1_500), `${took} ms`);
  });

  it('40,000 tensors that end like a layer’s own leave that one the layer’s', () => {
    const others = Array.from({ length: 40_000 }, (_, i) => tensor(`step${i}/scores/kernel`));
    const [summary, took] = timed(() => summarise(modelJson([...others, ...OWN]), 'model.json'));
    assert.equal(summary.problem, undefined);
    assert.ok(took < allowed(1_500), `${took} ms`);
    const without = summarise(modelJson([...others, OWN[1]!]), 'model.json').problem!;
    assert.equal(without.code, 'model.missingWeight');
    assert.match(without.message, /has 40000 tensors named "scores\/kernel"/);
  });

  it('names of very many parts take no longer', () => {
    const parts = '/a'.repeat(450);
    const json = modelJson([...OWN, ...Array.from({ length: 20_000 }, (_, i) => tensor(`${i}${parts}`))]);
    const [summary, took] = timed(() => summarise(json, 'model.json'));
    assert.equal(summary.problem, undefined);
    assert.ok(took < allowed(3_000), `${took} ms`);
  });

  it('more tensors or files than any model has are refused before they are looked at', () => {
    const tensors = summarise(
      modelJson(Array.from({ length: 100_001 }, (_, i) => tensor(`t${i}`))),
      'model.json',
    ).problem!;
    assert.equal(tensors.code, 'model.tooLarge');
    assert.match(tensors.message, /has 100001 tensors; at most 100000 are supported/);
    const files = summarise(
      modelJson(
        OWN,
        Array.from({ length: 4_097 }, (_, i) => `${i}.bin`),
      ),
      'model.json',
    ).problem!;
    assert.equal(files.code, 'model.tooLarge');
    assert.match(files.message, /has 4097 files; at most 4096 are supported/);
  });

  it('layers in reverse order are put in order in one go, as before', () => {
    const root = new JsonNode({}, 'model.json', '', 'The model');
    const chain = Array.from({ length: 2_000 }, (_, i) => ({
      name: `l${i}`,
      // As a sum reads them; the same one many times over, too.
      inputs: i === 0 ? [] : [...Array.from({ length: 300 }, () => 'l0'), `l${i - 1}`],
    }));
    const [order, took] = timed(() => topologicalOrder([...chain].reverse(), 'l1999', root));
    assert.deepEqual(
      order.map(({ name }) => name),
      chain.map(({ name }) => name),
    );
    assert.ok(took < allowed(1_500), `${took} ms`);
  });

  it('layers stay in the file’s order as far as what they read allows', () => {
    const root = new JsonNode({}, 'model.json', '', 'The model');
    const read = (...pairs: [string, ...string[]][]): string[] =>
      topologicalOrder(
        pairs.map(([name, ...inputs]) => ({ name, inputs })),
        'out',
        root,
      ).map(({ name }) => name);
    assert.deepEqual(read(['b', 'a'], ['in'], ['c', 'in'], ['a', 'in'], ['out', 'b', 'c']), [
      'in',
      'c',
      'a',
      'b',
      'out',
    ]);
    assert.throws(
      () => read(['in'], ['a', 'b', 'in'], ['b', 'a'], ['out', 'a']),
      /layers "a", "b", "out" read each other/,
    );
  });
});
