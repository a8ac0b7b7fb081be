import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  MODEL_FORMATS,
  formatNamed,
  formatOf,
  formatOfBytes,
} from '../../../../../server/engine/model/formats/registry';
import { FinePruneError } from '../../../../../server/protocol/errors';
import { hasModelEnding, isOfferedModel, looksLikeModel, MODEL_FILES } from '../../../../../server/protocol/files';
import schema from '../../../../../schemas/defense-report.schema.json';
import { temporaryFolder } from '../../../../harness/files';

const EXAMPLE = path.resolve(__dirname, '../../../../../examples/mnist-badnets/model.json');

describe('the registry of model formats', () => {
  const folder = temporaryFolder();
  const ids = MODEL_FORMATS.map(({ id }) => id);

  it('has the formats of the catalogue of files and of the reports, each in a folder of its own', async () => {
    assert.deepEqual(Object.keys(MODEL_FILES), ids);
    const { format } = schema.definitions.ModelInfo.properties;
    assert.deepEqual(format.enum, ids);
    const formats = path.resolve(__dirname, '../../../../../server/engine/model/formats');
    const folders = (await readdir(formats, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    assert.deepEqual(folders.map(({ name }) => name).sort(), [...ids].sort());
    for (const format of MODEL_FORMATS) {
      assert.equal(formatNamed(format.id), format);
      assert.equal(format.label, MODEL_FILES[format.id].label);
    }
  });

  it('knows a format by the names in the catalogue, which look like models to everybody', () => {
    for (const [id, { likely, offered, endings }] of Object.entries(MODEL_FILES))
      for (const pattern of [...likely, ...offered]) {
        const name = pattern.replaceAll('*', 'my');
        assert.equal(formatNamed(id as keyof typeof MODEL_FILES).match(name, new Uint8Array()), 'name', name);
        assert.ok(looksLikeModel(name), name);
        assert.ok(hasModelEnding(name), name);
        assert.ok(
          endings.some((ending) => name.endsWith(ending)),
          name,
        );
        assert.equal(isOfferedModel(name), offered.includes(pattern), name);
      }
  });

  it('takes what a file holds before what it is called', async () => {
    const at = (name: string): string => path.join(folder.path, name);
    const tfjs = formatNamed('tfjs-layers');
    assert.equal(await formatOf(EXAMPLE), tfjs);
    await writeFile(at('net.onnx'), '{"format": "layers-model", "modelTopology": {}, "weightsManifest": []}');
    assert.equal(await formatOf(at('net.onnx')), tfjs);
    await writeFile(at('model.json'), Buffer.from('89504e470d0a1a0a0000', 'hex'));
    await assert.rejects(formatOf(at('model.json')), ({ code }: FinePruneError) => code === 'model.otherFormat');
    assert.throws(
      () => formatOfBytes('model.json', Buffer.from('89504e470d0a1a0a0000', 'hex')),
      ({ code }: FinePruneError) => code === 'model.otherFormat',
    );
  });

  it('reads a file of which nothing is known, or that is not there, as the first format', async () => {
    const at = (name: string): string => path.join(folder.path, name);
    await writeFile(at('x.json'), '{}');
    await mkdir(at('folder'));
    for (const name of ['x.json', 'folder', 'missing.json']) assert.equal(await formatOf(at(name)), MODEL_FORMATS[0]);
  });
});
