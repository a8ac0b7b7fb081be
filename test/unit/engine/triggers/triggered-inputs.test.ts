import assert from 'node:assert/strict';
import type { KnownTriggerConfig } from '../../../../server/protocol/config/config';
import { triggeredInputs } from '../../../../server/engine/triggers/triggered-inputs';
import type { Split } from '../../../../server/engine/data/dataset';
import { openIdx } from '../../../../server/engine/data/formats/idx/open-idx';
import { allIndices } from '../../../../server/engine/data/roles';
import { failureOf, idxBytes, mnistFile } from '../../../harness/files';
import { triggerFolder } from './support';

describe('the triggered inputs', () => {
  const { folder, opened } = triggerFolder();

  const test = async () => openIdx(mnistFile('t10k-images-idx3-ubyte'), mnistFile('t10k-labels-idx1-ubyte'), 1 / 255);

  it('are all 9,020 MNIST test images that are not of the target, stamped', async () => {
    const split = await test();
    const inputs = triggeredInputs(await opened({ kind: 'patch', target: 0 }), {
      split,
      indices: allIndices(split.count),
    });
    assert.equal(inputs.count, 9020);
    assert.equal(inputs.excluded, 980);
    assert.ok(inputs.labels.every((label, i) => label !== 0 && label === split.labels[inputs.testIndex[i]!]));
    const position = 3;
    const clean = split.pixels([inputs.testIndex[position]!]);
    const triggered = inputs.pixels([position]);
    assert.equal(triggered[24 * 28 + 24], 1);
    assert.equal(triggered.filter((value, i) => value !== clean[i]).length, 9);
    assert.deepEqual(split.pixels([inputs.testIndex[position]!]), clean, 'the test set stays clean');
    assert.throws(() => inputs.pixels([9020]), RangeError);
  });

  it('come from the subset that is tested', async () => {
    const split = await test();
    const inputs = triggeredInputs(await opened({ kind: 'patch', target: 1 }), {
      split,
      indices: Int32Array.of(0, 2, 5, 9),
    });
    // Labels 7, 1, 1, 9.
    assert.deepEqual(Array.from(inputs.testIndex), [0, 9]);
  });

  const small: Split = {
    count: 2,
    shape: [1, 2, 1],
    labels: Int32Array.of(0, 0),
    pixels: (indices) => new Float32Array(2 * indices.length),
  };

  const view = { split: small, indices: Int32Array.of(0, 1) };

  it('must be more than none', async () => {
    await failureOf('trigger.noInputs', async () =>
      triggeredInputs(await opened({ kind: 'sinusoidal', target: 0 }, [1, 2, 1]), view),
    );
  });

  it("can be the person's own samples, those of the target left out, not stamped again", async () => {
    await folder.write('images', idxBytes(8, [3, 1, 2], [255, 0, 51, 51, 0, 255]));
    await folder.write('labels', idxBytes(8, [3], [1, 0, 2]));
    const samples: KnownTriggerConfig = { kind: 'samples', target: 0, images: 'images', labels: 'labels' };
    const trigger = await opened(samples, [1, 2, 1], 3);
    const inputs = triggeredInputs(trigger, view);
    assert.deepEqual([inputs.kind, inputs.count, inputs.excluded], ['samples', 2, 1]);
    assert.deepEqual(Array.from(inputs.labels), [1, 2]);
    assert.deepEqual(Array.from(inputs.testIndex), [-1, -1]);
    assert.deepEqual(Array.from(inputs.pixels([1, 0])), [0, 1, 1, 0]);
    assert.deepEqual(
      trigger.files.map((file) => file.path),
      ['images', 'labels'],
    );
    await failureOf('trigger.samples', () => trigger.stamp(new Float32Array(2)));
    await failureOf('data.labelOutOfRange', () => opened(samples, [1, 2, 1], 2));
    await failureOf('data.shapeMismatch', () => opened(samples, [2, 1, 1], 3));
    await failureOf('trigger.target', () => opened({ ...samples, target: 3 }, [1, 2, 1], 3));
    const missing = await failureOf('data.missing', () => opened({ ...samples, labels: 'none' }, [1, 2, 1], 3));
    assert.match(missing.message, /triggered labels/);
  });
});
