import assert from 'node:assert/strict';
import path from 'node:path';
import * as l from '@tensorflow/tfjs-layers';
import { selectBackend } from '../../../server/engine/backend/select';
import { sourceOf } from '../../../server/engine/pass/inputs';
import { scanModel } from '../../../server/engine/detect/scan';
import { openModel } from '../../../server/engine/model/formats/registry';
import type { FinePruneError } from '../../../server/protocol/errors';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { filesOf, write } from '../model/support';
import { openSubject } from '../demo-subject';

const backend = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? 'wasm' : 'native';
const signal = new AbortController().signal;

describe('a scan of a model with a dilated convolution', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-dilated-');
  before(async () => {
    await selectBackend({ choice: backend, threads: 1 });
  });
  after(() => temp.remove());

  it('a scan says that it cannot search through a dilated convolution', async () => {
    const net = l.sequential({
      layers: [
        l.layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, name: 'dilated', inputShape: [28, 28, 1] }),
        l.layers.flatten(),
        l.layers.dense({ units: 10, activation: 'softmax' }),
      ],
    });
    const { json, weights } = await filesOf(net);
    net.dispose();
    const model = await openModel(await write(path.join(temp.dir, 'dilated'), json, weights));
    const {
      roles,
      normalisation,
      model: other,
    } = await openSubject(
      await makeDemo(temp.dir, { train: 120, test: 80 }, demoConfig(`"backend": "${backend}", "seed": 0`)),
    );
    try {
      const images = sourceOf(roles.test);
      await assert.rejects(
        scanModel({ model, normalisation, signal, search: images, measured: images, seed: 0, wanted: [] }),
        (error: FinePruneError) => error.code === 'scan.noGradient' && (error.place ?? '').startsWith('/model'),
      );
    } finally {
      model.dispose();
      other.dispose();
    }
  });
});
