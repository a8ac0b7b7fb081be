import assert from 'node:assert/strict';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { planScan, scanCommand, type ScanFlags } from '../../../../server/cli/commands/scan';
import { FinePruneError } from '../../../../server/protocol/errors';
import type { ScanRequest } from '../../../../server/protocol/report/scan';
import { makeTempDir } from '../../../harness/processes';

/** What a command line of `scan` sets. */
export function flagsOf(args: string[]): ScanFlags {
  const command = scanCommand();
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.parseOptions(args);
  return command.opts();
}

/** The scan that a command line asks for. */
export const requested = async (...args: Parameters<typeof planScan>): Promise<ScanRequest> =>
  (await planScan(...args)).request;

/** A failure of the input with this code, whose sentence and next step have these words. */
export const failsWith =
  (code: string, ...words: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.kind, 'input');
    for (const word of words)
      assert.ok(`${error.message} ${error.todo ?? ''}`.includes(word), `${word} in: ${error.message} ${error.todo}`);
    return true;
  };

/** A config with this model, and with more fields in `data`. */
export const config = (model = 'model.json', more = ''): string => `{
  "model": "${model}",
  "data": { "train": { "images": "data/X", "labels": "data/Y" }, "test": { "images": "data/x", "labels": "data/y" }${more} },
  "seed": 7, "backend": "wasm", "threads": 2
}`;

/** A working folder with models and configs: one with a config, one with two, one with none, and one without a model. */
export function scanFolder() {
  const temp = makeTempDir('fp-scan-');
  const place = { cwd: '', inCwd: (...names: string[]): string => path.join(place.cwd, ...names) };
  const { inCwd } = place;

  before(async () => {
    place.cwd = await realpath(temp.dir);
    for (const folder of ['one', 'two', 'bare', 'empty', 'bare/model']) await mkdir(inCwd(folder), { recursive: true });
    for (const folder of ['one', 'two', 'bare']) await writeFile(inCwd(folder, 'model.json'), '{}');
    await writeFile(inCwd('one', 'mnist.fineprune.json'), config('model.json', ', "mean": 0.13, "std": [0.3]'));
    for (const name of ['a', 'b']) await writeFile(inCwd('two', `${name}.fineprune.json`), config());
  });
  after(() => temp.remove());
  return place;
}
