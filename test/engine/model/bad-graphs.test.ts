import { layers as l, input, model as tfModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { filesOf, write } from './support';
import { refused, SpoiltModels } from './bad-input-support';

describe('models whose graph can not be defended', function () {
  this.timeout(30_000);
  const models = new SpoiltModels();
  type Node = { class_name: string; name: string; config: object; inbound_nodes: unknown[] };
  async function functional(
    change: (config: { layers: Node[]; input_layers: unknown[]; output_layers: unknown[] }) => void,
  ): Promise<string> {
    const x = input({ shape: [4, 4, 1], name: 'image' });
    const flat = l.flatten({ name: 'flat' }).apply(x) as SymbolicTensor;
    const a = l.dense({ units: 5, name: 'a' }).apply(flat) as SymbolicTensor;
    const b = l.dense({ units: 5, name: 'b' }).apply(flat) as SymbolicTensor;
    const sum = l.add({ name: 'sum' }).apply([a, b]) as SymbolicTensor;
    const built = tfModel({
      inputs: x,
      outputs: l.dense({ units: 3, name: 'classes', activation: 'softmax' }).apply(sum) as SymbolicTensor,
    });
    const { json, weights } = await filesOf(built);
    built.dispose();
    change((json.modelTopology as { config: never }).config);
    return write(models.folder, json, weights);
  }
  const named = (layers: Node[], name: string) => layers.find((layer) => layer.name === name)!;

  it('several inputs or outputs', async () => {
    await refused(await functional((c) => c.output_layers.push(['a', 0, 0])), 'model.severalOutputs', /2 outputs/);
    await refused(await functional((c) => c.input_layers.push(['other', 0, 0])), 'model.severalInputs', /2 inputs/);
    await refused(
      await functional((c) => {
        c.layers.push({
          class_name: 'InputLayer',
          name: 'second',
          config: { name: 'second', batch_input_shape: [null, 5] },
          inbound_nodes: [],
        });
        named(c.layers, 'sum').inbound_nodes = [
          [
            ['a', 0, 0, {}],
            ['second', 0, 0, {}],
          ],
        ];
      }),
      'model.severalInputs',
      /another input, "second"/,
    );
  });
  it('a layer that is used twice', async () => {
    await refused(
      await functional((c) => named(c.layers, 'a').inbound_nodes.push([['flat', 0, 0, {}]])),
      'model.sharedLayer',
      /"a" is used 2 times/,
    );
    await refused(
      await functional(
        (c) =>
          (named(c.layers, 'sum').inbound_nodes = [
            [
              ['a', 0, 0, {}],
              ['a', 1, 0, {}],
            ],
          ]),
      ),
      'model.sharedLayer',
      /"a" is used more than once/,
    );
  });
  it('layers that do not exist, or that read each other', async () => {
    await refused(
      await functional(
        (c) =>
          (named(c.layers, 'sum').inbound_nodes = [
            [
              ['a', 0, 0, {}],
              ['gone', 0, 0, {}],
            ],
          ]),
      ),
      'model.badTopology',
      /"sum" reads layer "gone"/,
    );
    await refused(
      await functional((c) => (named(c.layers, 'a').inbound_nodes = [[['sum', 0, 0, {}]]])),
      'model.badTopology',
      /in a cycle/,
    );
    await refused(
      await functional((c) => (c.output_layers = [['gone', 0, 0]])),
      'model.badTopology',
      /The output reads layer "gone"/,
    );
  });
  it('sums and joins of tensors that do not fit', async () => {
    await refused(
      await functional(
        (c) =>
          (named(c.layers, 'sum').inbound_nodes = [
            [
              ['a', 0, 0, {}],
              ['flat', 0, 0, {}],
            ],
          ]),
      ),
      'model.shapes',
      /different shapes/,
    );
    await refused(
      await functional((c) => (named(c.layers, 'sum').inbound_nodes = [[['a', 0, 0, {}]]])),
      'model.shapes',
      /two or more/,
    );
  });
});
