import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatNamed } from '../../../../../server/engine/model/formats/registry';
import { temporaryFolder } from '../../../../harness/files';

describe('hashes from files', () => {
  const folder = temporaryFolder();
  const { hashes } = formatNamed('tfjs-layers');
  const dense = (name: string, units: number, more = {}): object => ({
    class_name: 'Dense',
    config: { name, units, activation: 'linear', use_bias: true, ...more },
  });
  /** A network whose first layer has more values than are read at once. */
  function model(layers: [string, string] = ['a', 'b']): { json: object; values: Record<string, Float32Array> } {
    const values = {
      [`${layers[0]}/kernel`]: Float32Array.from({ length: 900 * 400 }, (_, i) => Math.sin(i)),
      [`${layers[0]}/bias`]: Float32Array.from({ length: 400 }, (_, i) => i),
      [`${layers[1]}/kernel`]: Float32Array.from({ length: 400 * 3 }, (_, i) => Math.cos(i)),
      [`${layers[1]}/bias`]: Float32Array.of(1, 2, 3),
    };
    const json = {
      format: 'layers-model',
      modelTopology: {
        class_name: 'Sequential',
        config: {
          name: 'net',
          layers: [
            { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 30, 30, 1] } },
            dense(layers[0], 400),
            dense(layers[1], 3),
          ],
        },
      },
    };
    return { json, values };
  }
  const SHAPES: Record<string, number[]> = { kernel: [900, 400], bias: [400] };
  const shapeOf = (name: string, layers: [string, string]): number[] =>
    name.startsWith(`${layers[0]}/`) ? SHAPES[name.split('/')[1]!]! : name.endsWith('kernel') ? [400, 3] : [3];

  /** Writes a model whose manifest has the tensors in an order, cut into files of a size. */
  async function write(opts: {
    layers?: [string, string];
    order?: number[];
    cut?: number;
    groups?: boolean;
  }): Promise<string> {
    const layers = opts.layers ?? ['a', 'b'];
    const { json, values } = model(layers);
    const names = Object.keys(values);
    const ordered = (opts.order ?? [0, 1, 2, 3]).map((i) => names[i]!);
    const manifest: object[] = [];
    for (const group of opts.groups ? ordered.map((name) => [name]) : [ordered]) {
      const bytes = Buffer.concat(group.map((name) => new Uint8Array(values[name]!.buffer)));
      const paths: string[] = [];
      for (let at = 0; at < bytes.length; at += opts.cut ?? Infinity) {
        const shard = `part${manifest.length}-${paths.length}.bin`;
        await writeFile(
          path.join(folder.path, shard),
          bytes.subarray(at, Math.min(bytes.length, at + (opts.cut ?? Infinity))),
        );
        paths.push(shard);
      }
      manifest.push({
        paths,
        weights: group.map((name) => ({ name, shape: shapeOf(name, layers), dtype: 'float32' })),
      });
    }
    return folder.write('model.json', JSON.stringify({ ...json, weightsManifest: manifest }));
  }

  it('are those of the model, however the files are cut, ordered and named', async () => {
    const one = await hashes.ofFiles(await write({}));
    const forms = new Set([one.form]);
    const others: Parameters<typeof write>[0][] = [
      { cut: 100_001 },
      { cut: 7919 },
      { order: [3, 1, 0, 2] },
      { order: [2, 3, 0, 1], cut: 333_333 },
      { groups: true },
      { layers: ['first', 'second/inner'] },
    ];
    for (const opts of others) {
      const other = await hashes.ofFiles(await write(opts));
      assert.deepEqual([other.topology, other.weights], [one.topology, one.weights], JSON.stringify(opts));
      forms.add(other.form);
    }
    assert.equal(forms.size, others.length + 1);
  });

  it('need no weights for the topology', async () => {
    const { json } = model();
    const weights = Object.keys(model().values).map((name) => ({
      name,
      shape: shapeOf(name, ['a', 'b']),
      dtype: 'float32',
    }));
    const content = Buffer.from(JSON.stringify({ ...json, weightsManifest: [{ paths: ['gone.bin'], weights }] }));
    assert.equal(hashes.topologyOf(content, 'x/model.json'), (await hashes.ofFiles(await write({}))).topology);
    assert.throws(() => hashes.topologyOf(Buffer.from('{}'), 'x/model.json'), { name: 'FinePruneError' });
  });
});
