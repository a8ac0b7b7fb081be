import assert from 'node:assert/strict';
import { findClassifier } from '../../../../server/engine/model/classifier';
import type { Graph, Layer, Node, Op, Parameter, Role } from '../../../../server/engine/model/graph';
import { hashesOf, hashesOfSegments, topologyHash, type ModelLayout } from '../../../../server/engine/model/identity';
import type { Home } from '../../../../server/engine/model/parameters';
import type { ModelHashes } from '../../../../server/protocol/model';

/** A node of a graph to be made: its op, what it reads, its parameters by role, its shape. */
interface Made {
  op: Op;
  inputs: string[];
  parameters?: Partial<Record<Role, number[]>>;
  shape: number[];
}

/** A graph whose layers are its nodes, in that order. */
function graphOf(made: Record<string, Made>, output: string): Graph {
  const names = Object.keys(made);
  const parameters = names.flatMap((label) =>
    Object.entries(made[label]!.parameters ?? {}).map(([role, shape]): Parameter => ({
      id: `${label}/${role}`,
      label,
      role: role as Role,
      shape,
      trainable: true,
    })),
  );
  const nodes = names.map((label): Node => {
    const { op, inputs, shape } = made[label]!;
    const own = parameters.filter((parameter) => parameter.label === label);
    return { id: label, label, op, inputs, shape, parameters: Object.fromEntries(own.map((p) => [p.role, p.id])) };
  });
  const layers = nodes.map(({ id, label, shape }): Layer => ({ label, type: 'X', place: '', nodes: [id], shape }));
  return findClassifier(
    {
      nodes,
      byId: new Map(nodes.map((node) => [node.id, node])),
      consumers: new Map(names.map((id) => [id, nodes.filter((n) => n.inputs.includes(id)).map((n) => n.id)])),
      layers,
      parameters,
      input: names.find((name) => made[name]!.op.kind === 'input')!,
      output,
    },
    (code, message) => new Error(`${code}: ${message}`) as never,
  );
}

/** Two branches from one input, joined, then the classes. */
const branches = (): Record<string, Made> => ({
  in: { op: { kind: 'input' }, inputs: [], shape: [2, 2, 1] },
  flat: { op: { kind: 'reshape' }, inputs: ['in'], shape: [4] },
  left: { op: { kind: 'dense' }, inputs: ['flat'], parameters: { kernel: [4, 3], bias: [3] }, shape: [3] },
  right: { op: { kind: 'dense' }, inputs: ['flat'], parameters: { kernel: [4, 3], bias: [3] }, shape: [3] },
  norm: {
    op: { kind: 'batchNorm', momentum: 0.99, epsilon: 0.001 },
    inputs: ['left'],
    parameters: { scale: [3], offset: [3], mean: [3], variance: [3] },
    shape: [3],
  },
  slope: { op: { kind: 'activation', function: 'leaky_relu', slope: 0.2 }, inputs: ['norm'], shape: [3] },
  drop: { op: { kind: 'dropout', rate: 0.5, spatial: false, stream: 5 }, inputs: ['slope'], shape: [3] },
  both: { op: { kind: 'concat' }, inputs: ['drop', 'right'], shape: [6] },
  out: { op: { kind: 'dense' }, inputs: ['both'], parameters: { kernel: [6, 2] }, shape: [2] },
  soft: { op: { kind: 'softmax' }, inputs: ['out'], shape: [2] },
});

const topologyOf = (change: (made: Record<string, Made>) => string | void): string => {
  const made = branches();
  return topologyHash(graphOf(made, change(made) || 'soft'));
};

describe("a model's topology hash", () => {
  const base = topologyOf(() => undefined);

  it('is the same for the same network, whatever its nodes are called and in whatever order the file has them', () => {
    const made = branches();
    const order = ['in', 'flat', 'right', 'left', 'norm', 'slope', 'drop', 'both', 'out', 'soft'];
    assert.equal(topologyHash(graphOf(Object.fromEntries(order.map((name) => [name, made[name]!])), 'soft')), base);
    const renamed = Object.fromEntries(
      Object.entries(made).map(([name, node]) => [`x${name}`, { ...node, inputs: node.inputs.map((id) => `x${id}`) }]),
    );
    assert.equal(topologyHash(graphOf(renamed, 'xsoft')), base);
  });

  it('leaves out what changes no answer: identities, the number of a random stream, digits that no float32 has', () => {
    const same: ((made: Record<string, Made>) => string | void)[] = [
      (made) => {
        made['nothing'] = { op: { kind: 'identity' }, inputs: ['right'], shape: [3] };
        made['both']!.inputs = ['drop', 'nothing'];
      },
      (made) => {
        made['last'] = { op: { kind: 'identity' }, inputs: ['soft'], shape: [2] };
        return 'last';
      },
      (made) => void (made['drop']!.op = { kind: 'dropout', rate: 0.5, spatial: false, stream: 9 }),
      (made) => void (made['norm']!.op = { kind: 'batchNorm', momentum: 0.99, epsilon: Math.fround(0.001) }),
    ];
    for (const change of same) assert.equal(topologyOf(change), base, String(change));
  });

  it('is another for every op, attribute, input, shape and parameter', () => {
    const others: ((made: Record<string, Made>) => string | void)[] = [
      (made) => void (made['norm']!.op = { kind: 'batchNorm', momentum: 0.9, epsilon: 0.001 }),
      (made) => void (made['norm']!.op = { kind: 'batchNorm', momentum: 0.99, epsilon: 0.0010001 }),
      (made) => void (made['slope']!.op = { kind: 'activation', function: 'leaky_relu', slope: 0.3 }),
      (made) => void (made['slope']!.op = { kind: 'activation', function: 'relu' }),
      (made) => void (made['slope']!.op = { kind: 'activation', function: 'relu', max: 6 }),
      (made) => void (made['drop']!.op = { kind: 'dropout', rate: 0.25, spatial: false, stream: 5 }),
      (made) => void (made['drop']!.op = { kind: 'affine', scale: 1, offset: 0 }),
      (made) => void (made['drop']!.op = { kind: 'affine', scale: 1e300, offset: 0 }),
      (made) => void (made['both']!.inputs = ['right', 'drop']),
      (made) => void (made['both']!.inputs = ['drop', 'left']),
      (made) => void (made['in']!.shape = [4, 1, 1]),
      (made) => void (made['right']!.parameters = { kernel: [4, 3] }),
      (made) => void (made['norm']!.parameters = { scale: [3], mean: [3], variance: [3] }),
      () => 'out',
    ];
    const found = others.map((change) => topologyOf(change));
    assert.equal(new Set([base, ...found]).size, others.length + 1, 'each has its own');
  });

  it('follows a graph that is deeper than a stack', () => {
    const made: Record<string, Made> = { in: { op: { kind: 'input' }, inputs: [], shape: [2, 2, 1] } };
    let last = 'in';
    for (let i = 0; i < 20_000; i++) {
      made[`n${i}`] = { op: { kind: 'activation', function: 'relu' }, inputs: [last], shape: [4] };
      last = `n${i}`;
    }
    const nodes = Object.entries(made).map(([id, node]): Node => ({ id, label: id, ...node, parameters: {} }));
    const graph = { nodes, byId: new Map(nodes.map((n) => [n.id, n])), parameters: [], output: last, softmaxOf: null };
    assert.match(topologyHash(graph as unknown as Graph), /^[0-9a-f]{64}$/);
  });
});

describe("a model's weights hash", () => {
  /** One dense layer of [2, 3] and its bias, in a file whose kernel lies as given. */
  const graph = graphOf(
    {
      in: { op: { kind: 'input' }, inputs: [], shape: [2, 1, 1] },
      flat: { op: { kind: 'reshape' }, inputs: ['in'], shape: [2] },
      out: { op: { kind: 'dense' }, inputs: ['flat'], parameters: { kernel: [2, 3], bias: [3] }, shape: [3] },
    },
    'out',
  );
  const KERNEL = [1, 2, 3, 4, 5, 6];
  const BIAS = [7, 8, 9];
  const home = (segment: number, offset: number, values: number, order: readonly number[] | null = null): Home => ({
    segment,
    offset,
    bytes: 4 * values,
    dtype: 'float32',
    order,
    name: 'x',
    place: '',
  });
  const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
  const layout = (kernel: Home, bias: Home): ModelLayout => ({
    format: 'tfjs-layers',
    graph,
    homes: new Map([
      ['out/kernel', kernel],
      ['out/bias', bias],
    ]),
    files: [],
    unread: [],
  });
  /** By both ways, which have to agree; pieces of three bytes. */
  async function hashed(kernel: Home, bias: Home, segments: Uint8Array[]): Promise<ModelHashes> {
    const [one, all] = [layout(kernel, bias), hashesOfSegments(layout(kernel, bias), segments)];
    const scratch = new Uint8Array(3);
    const read = await hashesOf(one, async function* (segment, offset, bytes) {
      for (let at = offset; at < offset + bytes; at += 3) {
        const piece = segments[segment]!.subarray(at, Math.min(at + 3, offset + bytes));
        scratch.set(piece);
        yield scratch.subarray(0, piece.length);
        await Promise.resolve();
      }
    });
    assert.deepEqual(read, all);
    return all;
  }

  it('is the same wherever and in whatever order of axes a file has the values; the form is not', async () => {
    const plain = await hashed(home(0, 0, 6), home(0, 24, 3), [floats(...KERNEL, ...BIAS)]);
    const files: [Home, Home, Uint8Array[]][] = [
      [home(0, 12, 6), home(0, 0, 3), [floats(...BIAS, ...KERNEL)]],
      [home(0, 0, 6), home(1, 0, 3), [floats(...KERNEL), floats(...BIAS)]],
      [
        home(0, 1, 6),
        home(1, 2, 3),
        [Buffer.concat([Buffer.of(9), floats(...KERNEL)]), Buffer.concat([Buffer.of(1, 2), floats(...BIAS)])],
      ],
      // As PyTorch has it: [out, in].
      [home(0, 0, 6, [1, 0]), home(0, 24, 3), [floats(1, 4, 2, 5, 3, 6, ...BIAS)]],
    ];
    const forms = new Set([plain.form]);
    for (const [kernel, bias, segments] of files) {
      const other = await hashed(kernel, bias, segments);
      assert.deepEqual([other.topology, other.weights], [plain.topology, plain.weights]);
      forms.add(other.form);
    }
    assert.equal(forms.size, files.length + 1);
  });

  it('is another for each bit of a value, the sign of zero too, and for values that lie elsewhere', async () => {
    const of = async (kernel: number[], bias: number[]): Promise<string> =>
      (await hashed(home(0, 0, 6), home(0, 24, 3), [floats(...kernel, ...bias)])).weights;
    const found = [
      await of(KERNEL, BIAS),
      await of([1, 2, 3, 4, 5, 6.000001], BIAS),
      await of([2, 1, 3, 4, 5, 6], BIAS),
      await of([1, 2, 3, 4, 5, 7], [6, 8, 9]),
      await of([0, 2, 3, 4, 5, 6], BIAS),
      await of([-0, 2, 3, 4, 5, 6], BIAS),
      await of([NaN, 2, 3, 4, 5, 6], BIAS),
    ];
    assert.equal(new Set(found).size, found.length);
  });
});
