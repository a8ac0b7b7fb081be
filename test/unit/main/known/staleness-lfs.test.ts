import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../../../server/engine/files/hash';
import { parseConfig, resolveConfig } from '../../../../server/engine/config/read-config';
import { readReport } from '../../../../server/engine/report/json/read-report';
import { Models } from '../../../../server/main/known/models';
import { Reports } from '../../../../server/main/known/reports';
import type { Log } from '../../../../server/main/host';
import { pointerTo } from '../../../fixtures/other-files';
import { temporaryFolder } from '../../../harness/files';

const EXAMPLE = path.resolve(__dirname, '../../../../examples/mnist-badnets');

describe('a report beside files that Git LFS has not fetched', () => {
  const folder = temporaryFolder();

  it('still holds in the editor where pointers are to its data; weights are compared by their values, which no pointer has', async () => {
    const log = { warn: () => undefined, error: () => undefined, info: () => undefined } as unknown as Log;
    const report = readReport(readFileSync(path.join(EXAMPLE, 'mnist-badnets.defense.json'), 'utf8'), 'x');
    const config = resolveConfig(
      parseConfig(readFileSync(path.join(EXAMPLE, 'mnist-badnets.fineprune.json'), 'utf8'), 'x'),
    );
    const at = (name: string): string => path.join(folder.path, name);
    copyFileSync(path.join(EXAMPLE, 'model.json'), at('model.json'));
    const weights = readFileSync(path.join(EXAMPLE, 'weights.bin'));
    writeFileSync(at('weights.bin'), weights);
    for (const { path: name, sha256 } of report.data.files) {
      mkdirSync(path.dirname(at(name)), { recursive: true });
      writeFileSync(at(name), pointerTo(sha256, 1000));
    }
    const changes = async () =>
      (await new Reports(new Models(log), log).standing(report, { config, modelPath: at('model.json'), resolve: at }))
        .changed;
    assert.deepEqual(await changes(), []);
    writeFileSync(at('weights.bin'), pointerTo(sha256(weights), weights.length));
    writeFileSync(at(report.data.files[2]!.path), pointerTo('1'.repeat(64), 1000));
    assert.deepEqual(await changes(), ['the model', 'the data']);
  });
});
