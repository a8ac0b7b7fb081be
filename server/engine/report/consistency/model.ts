import path from 'node:path';
import { formerVersion } from '../../../protocol/report/former';
import type { DefenseReport } from '../../../protocol/report/report';
import type { Tell } from './consistency';

/** Whether the report's two models can be what it says of them. */
export function modelProblems(report: DefenseReport, tell: Tell): void {
  const { model, repaired, fineTuning, provenance } = report;
  tell.same('model', '/model/path', model.path, provenance.config.model, 'the config names');
  for (const side of ['before', 'after'] as const) {
    const hashes = model[side];
    if (!hashes) continue;
    hashProblem(hashes.topology, `/model/${side}/topology`, tell);
    hashProblem(hashes.weights, `/model/${side}/weights`, tell);
    // Version 0.1 had none.
    if (hashes.form !== undefined || formerVersion(report) === null)
      hashProblem(hashes.form ?? '', `/model/${side}/form`, tell);
  }
  if ((model.after === null) === repaired)
    tell.problem('model', '/model/after', 'A defended model must be named exactly when the model was repaired.');
  if (!model.after) return;
  tell.same(
    'model',
    '/model/after/topology',
    model.after.topology,
    model.before.topology,
    'pruning and fine-tuning do not change the topology, so it must be',
  );
  const { path: file } = model.after;
  if (
    path.posix.isAbsolute(file) ||
    path.win32.isAbsolute(file) ||
    file.includes('\\') ||
    file.split('/').includes('..')
  ) {
    tell.problem(
      'model',
      '/model/after/path',
      'The defended model must be in the folder of the report or in a subfolder.',
    );
  }
  if (model.after.weights === model.before.weights && fineTuning.steps > 0 && fineTuning.frozen.length === 0) {
    tell.problem(
      'model',
      '/model/after/weights',
      `The defended model has the weights of the input model, although it was trained for ${fineTuning.steps} steps.`,
    );
  }
}

export function hashProblem(hash: string, pointer: string, tell: Tell): void {
  if (!/^[0-9a-f]{64}$/.test(hash))
    tell.problem('hash', pointer, `\`${pointer}\` is not a SHA-256: 64 hexadecimal digits were expected.`);
}
