import assert from 'node:assert/strict';
import type { FinePruneError } from '../../../../server/protocol/errors';
import { nodeOf, type Graph } from '../../../../server/engine/model/graph';
import { parseModelJson } from '../../../../server/engine/model/formats/tfjs-layers/model-json';
import { isTfjsModelJson, summarise } from '../../../../server/engine/model/formats/tfjs-layers/summary';
import { parseTopology } from '../../../../server/engine/model/formats/tfjs-layers/topology/topology';
import { findUnitSite, prunableLayers, strategySite } from '../../../../server/engine/model/units';

type Layer = [className: string, name: string, config?: Record<string, unknown>, inputs?: string[]];

/** A functional model's JSON; a layer without inputs reads the one before it. */
function modelJson(layers: Layer[], extra: Record<string, unknown> = {}): string {
  const all: Layer[] = [['InputLayer', 'image', { batch_input_shape: [null, 8, 8, 2] }, []], ...layers];
  return JSON.stringify({
    format: 'layers-model',
    modelTopology: {
      class_name: 'Model',
      config: {
        name: 'm',
        layers: all.map(
          ([class_name, name, config = {}, inputs = [all[all.findIndex((l) => l[1] === name) - 1]![1]]]) => ({
            class_name,
            name,
            config: { name, ...config },
            inbound_nodes: inputs.length ? [inputs.map((input) => [input, 0, 0, {}])] : [],
          }),
        ),
        input_layers: [['image', 0, 0]],
        output_layers: [[layers.at(-1)![1], 0, 0]],
      },
    },
    weightsManifest: [],
    ...extra,
  });
}

const graphOf = (layers: Layer[]): Graph => parseTopology(parseModelJson(modelJson(layers), 'model.json'));
const conv = (name: string, config: Record<string, unknown> = {}, inputs?: string[]): Layer => [
  'Conv2D',
  name,
  { filters: 4, kernel_size: [3, 3], padding: 'same', ...config },
  inputs,
];
const classes: Layer = ['Dense', 'classes', { units: 3, activation: 'softmax' }];

function refused(graph: Graph, named: string | null, code: string, message: RegExp, todo: RegExp): void {
  assert.throws(
    () => findUnitSite(graph, named, '/models/model.json'),
    (error: FinePruneError) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.match(error.todo!, todo);
      assert.equal(error.place, '/layer');
      assert.equal(error.file, '/models/model.json');
      return true;
    },
  );
}

describe('layers that can not be pruned', () => {
  it('a name the model does not have: the ones it has', () => {
    refused(
      graphOf([conv('conv'), ['Flatten', 'flat'], ['Dense', 'hidden', { units: 5 }], classes]),
      'fc1',
      'layer.unknown',
      /no layer "fc1"; it has "conv", "hidden" to prune/,
      /Name one/,
    );
  });

  it('the classifier, and layers without units', () => {
    const graph = graphOf([conv('conv'), ['Flatten', 'flat'], ['Dense', 'hidden', { units: 5 }], classes]);
    refused(graph, 'classes', 'layer.notPrunable', /classifier/, /"conv", "hidden"/);
    refused(graph, 'flat', 'layer.notPrunable', /Flatten.*only Dense, Conv2D and Add/, /"conv"/);
    assert.deepEqual(prunableLayers(graph), ['conv', 'hidden']);
  });

  it('hidden softmax: its units depend on each other', () => {
    refused(
      graphOf([['Flatten', 'flat'], ['Dense', 'hidden', { units: 5, activation: 'softmax' }], classes]),
      null,
      'layer.notPrunable',
      /softmax makes every unit depend/,
      /./,
    );
  });

  it('no hidden layer, and one of another kind before the classifier', () => {
    refused(
      graphOf([['Flatten', 'flat'], classes]),
      null,
      'layer.noPenultimate',
      /no layer before the classifier/,
      /no hidden layer/,
    );
    const depthwise = graphOf([
      conv('conv'),
      ['DepthwiseConv2D', 'depthwise', { kernel_size: [3, 3] }],
      ['Flatten', 'flat'],
      classes,
    ]);
    refused(depthwise, null, 'layer.noPenultimate', /"depthwise" \(DepthwiseConv2D\) comes before/, /"conv"/);
    assert.equal(findUnitSite(depthwise, 'conv').layer, 'conv');
    const joined = graphOf([
      conv('a'),
      conv('b', {}, ['image']),
      ['Concatenate', 'joined', { axis: 3 }, ['a', 'b']],
      ['Flatten', 'flat'],
      classes,
    ]);
    refused(joined, null, 'layer.noPenultimate', /"joined" \(Concatenate\)/, /"a", "b"/);
    assert.equal(nodeOf(joined, findUnitSite(joined, 'b').tap).label, 'b');
    // A strategy, which nobody may name a layer for, takes the last one that can be pruned.
    const taken = strategySite(joined, null);
    assert.deepEqual([taken.layer, taken.chosen], ['b', 'last']);
    assert.throws(
      () => strategySite(graphOf([['Flatten', 'flat'], classes]), null),
      (error: FinePruneError) => error.code === 'layer.noPenultimate',
    );
    assert.throws(
      () => strategySite(joined, 'none'),
      (error: FinePruneError) => error.code === 'layer.unknown',
    );
    assert.equal(
      strategySite(
        graphOf([conv('conv'), ['Flatten', 'flat'], ['Dense', 'hidden', { units: 5, activation: 'softmax' }], classes]),
        null,
      ).layer,
      'conv',
    );
    assert.equal(
      strategySite(graphOf([conv('conv'), ['Flatten', 'flat'], ['Dense', 'hidden', { units: 5 }], classes]), null)
        .chosen,
      'penultimate',
    );
  });

  it('activation(0) ≠ 0 into a sum: no weight could take the constant out', () => {
    const residual = (activation: string) =>
      graphOf([
        conv('stem'),
        conv('inner', { activation }),
        ['Add', 'sum', {}, ['inner', 'stem']],
        ['Flatten', 'flat'],
        classes,
      ]);
    refused(
      residual('sigmoid'),
      'inner',
      'layer.notPrunable',
      /sigmoid\(0\), which is not 0, and "sum" passes it on/,
      /"stem"/,
    );
    assert.equal(findUnitSite(residual('relu'), 'inner').layer, 'inner');
  });

  it('a fork into a BatchNorm, which would revive silenced units', () => {
    const graph = graphOf([
      conv('stem'),
      ['BatchNormalization', 'norm', { axis: [3] }],
      conv('inner'),
      ['Add', 'sum', {}, ['inner', 'stem']],
      ['Flatten', 'flat'],
      classes,
    ]);
    refused(graph, 'stem', 'layer.notPrunable', /"norm" would turn a silenced unit into a constant/, /"inner"/);
  });

  it('a sum that goes into another sum', () => {
    const graph = graphOf([
      conv('a'),
      conv('b'),
      ['Add', 'sum1', {}, ['a', 'b']],
      conv('c'),
      ['Add', 'sum2', {}, ['c', 'sum1']],
      ['Flatten', 'flat'],
      classes,
    ]);
    refused(graph, 'sum1', 'layer.notPrunable', /"sum2" passes it on/, /"a"/);
    assert.equal(findUnitSite(graph).layer, 'sum2');
  });
});

describe('a model.json by its content', () => {
  it('is recognised', () => {
    for (const text of [
      '{"format": "layers-model", "modelTopology": {',
      '{"format":"layers-model"}',
      '{"modelTopology": {"a": [1, {"b": "}"}]}, "weightsManifest": []}',
      '{"weightsManifest":[{"paths":["\\"x\\\\"]}],\n "modelTopology" : {}}',
      '\uFEFF{"generatedBy": "TensorFlow.js", "format" : "layers-model"}',
    ])
      assert.equal(isTfjsModelJson(text), true, text);
  });
  it('is told from other files', () => {
    for (const text of [
      '',
      '{}',
      'layers-model',
      '{"format": "graph-model", "modelTopology": {}, "weightsManifest": []}',
      '{"modelTopology": {}}',
      '{"a": {"modelTopology": {}, "weightsManifest": []}}',
      '{"modelTopology": {"weightsManifest": []}}',
      '{"a": "\\"modelTopology\\":", "weightsManifest": "\\"layers-model\\""}',
      '["modelTopology", "weightsManifest"]',
      '{"name": "modelTopology", "weightsManifest": 1}',
      '{"description": "format", "x": "layers-model"}',
    ])
      assert.equal(isTfjsModelJson(text), false, text);
  });

  it('a file of 10 MB in one line is told and summarised at once', function () {
    this.timeout(20_000);
    const text = modelJson([conv('conv'), ['Flatten', 'flat'], ['Dense', 'hidden', { units: 5 }], classes], {
      format: undefined,
      userDefinedMetadata: { pad: Array.from({ length: 500_000 }, (_, i) => `{"${i}}`) },
    });
    assert.ok(text.length > 5_000_000 && !text.includes('\n'));
    const started = process.cpuUsage();
    assert.equal(isTfjsModelJson(text), true);
    assert.equal(isTfjsModelJson(text.replaceAll('modelTopology', 'modelTopologie')), false);
    const milliseconds = process.cpuUsage(started).user / 1e3;
    assert.ok(milliseconds < 1000, `${milliseconds} ms`);
    assert.equal(summarise(text, 'model.json').problem?.code, 'model.missingWeight');
  });

  it('is summarised from shapes alone', () => {
    const weights = [
      ['conv/kernel', [3, 3, 2, 4]],
      ['conv/bias', [4]],
      ['hidden/kernel', [256, 5]],
      ['hidden/bias', [5]],
      ['classes/kernel', [5, 3]],
      ['classes/bias', [3]],
    ].map(([name, shape]) => ({ name, shape, dtype: 'float32' }));
    const summary = summarise(
      modelJson([conv('conv'), ['Flatten', 'flat'], ['Dense', 'hidden', { units: 5 }], classes], {
        weightsManifest: [{ paths: ['weights.bin'], weights }],
      }),
      'model.json',
    );
    assert.equal(summary.problem, undefined);
    assert.deepEqual(summary, {
      format: 'tfjs-layers',
      layers: [
        { name: 'image', className: 'InputLayer', units: null, parameters: 0, prunable: false },
        { name: 'conv', className: 'Conv2D', units: 4, parameters: 76, prunable: true },
        { name: 'flat', className: 'Flatten', units: null, parameters: 0, prunable: false },
        { name: 'hidden', className: 'Dense', units: 5, parameters: 1285, prunable: true },
        { name: 'classes', className: 'Dense', units: 3, parameters: 18, prunable: false },
      ],
      inputShape: [8, 8, 2],
      classes: 3,
      parameters: 1379,
      classifier: 'classes',
      penultimate: 'hidden',
      unread: { count: 0, bytes: 0, names: [] },
    });
  });
});
