import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256 } from '../../../../server/engine/files/hash';
import { failureOf } from '../../../harness/files';
import { triggerFolder } from './support';

describe('a patch trigger', () => {
  const { folder, opened, stamped, png } = triggerFolder();

  it('is a white 3×3 square in rows and columns 24 to 26 of an MNIST image by default', async () => {
    const image = new Float32Array(784).fill(0.5);
    (await opened({ kind: 'patch', target: 0 })).stamp(image);
    image.forEach((value, i) => {
      const inside = [24, 25, 26].includes(Math.floor(i / 28)) && [24, 25, 26].includes(i % 28);
      assert.equal(value, inside ? 1 : 0.5, `pixel ${i}`);
    });
  });

  it('is stamped on every image of a batch', async () => {
    const one = await stamped(
      { kind: 'patch', target: 0, size: [1, 1], right: 0, bottom: 0 },
      [2, 2, 1],
      [0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5],
    );
    assert.deepEqual(one, [0, 0, 0, 1, 0.5, 0.5, 0.5, 1]);
  });

  it('has size, place and colour', async () => {
    const out = await stamped(
      { kind: 'patch', target: 0, size: [1, 2], left: 1, top: 0, value: [0.25, 0.5, 0.75] },
      [2, 3, 3],
      new Array<number>(18).fill(0),
    );
    assert.deepEqual(out, [0, 0, 0, 0.25, 0.5, 0.75, 0.25, 0.5, 0.75, ...new Array<number>(9).fill(0)]);
  });

  it('can be an image, its transparent pixels leaving the input as it is', async () => {
    await png('patch.png', 2, 1, [255, 0, 51, 255, 255, 255, 255, 0]);
    const out = await stamped(
      { kind: 'patch', target: 0, image: 'patch.png', left: 0, top: 0 },
      [1, 2, 3],
      [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    );
    assert.deepEqual(out, [1, 0, Math.fround(0.2), 0.5, 0.5, 0.5]);
    const { files } = await opened({ kind: 'patch', target: 0, image: 'patch.png', left: 0, top: 0 }, [1, 2, 3]);
    assert.deepEqual(files, [
      { path: 'patch.png', sha256: sha256(await readFile(path.join(folder.path, 'patch.png'))) },
    ]);
  });

  it('mixes where the image is half transparent, and takes grayscale for one channel', async () => {
    await png('patch.png', 1, 1, [255, 255, 255, 51]);
    assert.deepEqual(
      await stamped({ kind: 'patch', target: 0, image: 'patch.png', left: 0, top: 0 }, [1, 1, 1], [0.5]),
      [Math.fround(0.8 * 0.5 + 0.2)],
    );
  });

  it('must fit the image', async () => {
    await failureOf('trigger.doesNotFit', () => opened({ kind: 'patch', target: 0, size: [29, 3] }));
    const failure = await failureOf('trigger.doesNotFit', () =>
      opened({ kind: 'patch', target: 0, size: [3, 3], right: 26 }),
    );
    assert.match(failure.message, /28×28/);
    await opened({ kind: 'patch', target: 0, size: [3, 3], right: 25, bottom: 25 });
    await failureOf('trigger.doesNotFit', () => opened({ kind: 'patch', target: 0, size: [1e9, 1e9] }));
    await failureOf('trigger.value', () => opened({ kind: 'patch', target: 0, value: [1, 1, 1] }));
    await png('patch.png', 30, 1, new Array<number>(120).fill(255));
    await failureOf('trigger.imageSize', () => opened({ kind: 'patch', target: 0, image: 'patch.png' }));
    await failureOf('trigger.imageSize', () => opened({ kind: 'patch', target: 0, image: 'patch.png', size: [2, 2] }));
  });
});
