import { FinePruneError } from '../../../server/protocol/errors';
import { openModel } from '../../../server/engine/model/formats/registry';
import { saveModel } from '../../../server/engine/model/formats/tfjs-layers/save';
import { useBackend } from './support';

// Run by model-save.test.ts under a limit on file sizes: node save-with-limit.ts MODEL OUT
async function main(): Promise<void> {
  await useBackend();
  const model = await openModel(process.argv[2]!);
  await saveModel(model, process.argv[3]!).then(
    () => console.log('saved'),
    (error: unknown) => console.log(error instanceof FinePruneError ? `${error.code} ${error.message}` : String(error)),
  );
}

void main();
