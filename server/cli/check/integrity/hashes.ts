import { stat } from 'node:fs/promises';
import type { OpenConfig } from '../../../engine/config/read-config';
import { confinedPath } from '../../../engine/files/confine';
import { contentSha256, lfsObjectAt } from '../../../engine/files/hash';
import { formatOf } from '../../../engine/model/formats/registry';
import { dataFiles } from '../../../engine/report/consistency/settings';
import { FinePruneError } from '../../../protocol/errors';
import type { DefenseReport } from '../../../protocol/report/report';
import type { CheckResult } from '../../../protocol/report/review';
import { fail, failure, FETCH, hold, pass, warn, type Target } from '../context';
import type { ModelHashes } from '../../../protocol/model';

/** Hashes of models and data against the report. What is not here can't be compared; what is here and differs is stale. */
export async function hashResults(target: Target, report: DefenseReport, opened: OpenConfig): Promise<CheckResult[]> {
  return [...(await modelResults(target, report, opened)), ...(await dataResults(report, opened))];
}

async function modelResults(target: Target, report: DefenseReport, opened: OpenConfig): Promise<CheckResult[]> {
  const results = [
    await hashed(
      'stale.model',
      'model.notFetched',
      'The input model',
      opened.modelPath,
      report.model.before,
      '/model/before',
    ),
  ];
  const { after } = report.model;
  if (!after) return results;
  const file = await defendedPath(target, report).catch((error: unknown) =>
    failure('path.outside', 'The defended model was not read', error, '/model/after/path'),
  );
  if (typeof file !== 'string') return [...results, file];
  const here = await stat(file).catch(() => null);
  return [
    ...results,
    here
      ? await hashed('stale.defended', 'defended.notFetched', 'The defended model', file, after, '/model/after')
      : warn(
          'defended.missing',
          `The defended model ${after.path} is missing, so its hashes were not compared.`,
          '/model/after/path',
        ),
  ];
}

/**
 * Absolute path of the defended model that a report names.
 * @throws FinePruneError `path.…`
 */
export function defendedPath(target: Target, report: DefenseReport): Promise<string> {
  return confinedPath(
    target.folder,
    report.model.after!.path,
    { root: target.allowed.root, folders: [] },
    'defended model',
  );
}

/** As a report has them. */
type Recorded = DefenseReport['model']['before'];

async function hashed(
  id: string,
  notFetched: string,
  what: string,
  file: string,
  expected: Recorded,
  pointer: string,
): Promise<CheckResult> {
  try {
    return compared(id, what, await (await formatOf(file)).hashes.ofFiles(file), expected, pointer);
  } catch (error) {
    if (error instanceof FinePruneError && error.code === 'model.lfsPointer')
      return unfetched(id, notFetched, what, pointer);
    return failure(
      id === 'stale.model' ? 'model.unreadable' : 'defended.unreadable',
      `${what} can't be read`,
      error,
      pointer,
    );
  }
}

function compared(
  id: string,
  what: string,
  { topology, weights, form }: ModelHashes,
  expected: Recorded,
  pointer: string,
): CheckResult {
  const changed = [
    ...(topology === expected.topology ? [] : ['layers']),
    ...(weights === expected.weights ? [] : ['weights']),
  ];
  // The same model: what its file calls the layers, and where it keeps the weights, changes no answer.
  const elsewhere = expected.form !== undefined && form !== expected.form;
  return hold(
    id,
    changed.length === 0,
    {
      good: elsewhere
        ? `${what} is the one in the report, in another file: names, files or places of its weights differ, and nothing that its layers compute.`
        : `${what} matches the report.`,
      bad: `The report is stale: ${what.toLowerCase()} is not the one it describes (${changed.join(' and ')} differ).`,
    },
    pointer,
  );
}

/**
 * A model of which git has left Git LFS pointers. They have the hashes of files, and a report those of what the layers read, so nothing is
 * known, which is no more than when the file is missing: an input model has to be there.
 */
function unfetched(id: string, notFetched: string, what: string, pointer: string): CheckResult {
  const message = `${what} is not fetched: there are Git LFS pointers instead, so its hashes were not compared. ${FETCH}`;
  return id === 'stale.defended' ? warn(notFetched, message, pointer) : fail(notFetched, message, pointer);
}

async function dataResults(report: DefenseReport, opened: OpenConfig): Promise<CheckResult[]> {
  const files = dataFiles(opened.config);
  const [changed, missing, unfetched, refused]: [string[], string[], string[], CheckResult[]] = [[], [], [], []];
  for (const [at, { path: written }] of files.entries()) {
    try {
      const file = await opened.resolve(written, 'data');
      if (!(await stat(file).catch(() => null))?.isFile()) missing.push(written);
      else if ((await contentSha256(file)) !== report.data.files[at]?.sha256) changed.push(written);
      else if (await lfsObjectAt(file)) unfetched.push(written);
    } catch (error) {
      refused.push(failure('path.outside', 'Data was not read', error, `/data/files/${at}`));
    }
  }
  return [
    ...refused,
    ...(changed.length
      ? [
          fail(
            'stale.data',
            `The report is stale: ${changed.join(', ')} ${changed.length === 1 ? 'is' : 'are'} not what it was measured on.`,
            '/data/files',
          ),
        ]
      : []),
    ...(missing.length
      ? [
          warn(
            'data.missing',
            `${missing.join(', ')} ${missing.length === 1 ? 'is missing, so its hash was' : 'are missing, so their hashes were'} not compared.`,
            '/data/files',
          ),
        ]
      : []),
    ...(unfetched.length
      ? [
          warn(
            'data.notFetched',
            `${unfetched.join(', ')} ${unfetched.length === 1 ? 'is' : 'are'} not fetched: there are Git LFS pointers instead, with the hashes of the data that the report was measured on. ${FETCH}`,
            '/data/files',
          ),
        ]
      : []),
    ...(changed.length + missing.length + unfetched.length + refused.length === 0
      ? [pass('data', `${files.length} data files match the report.`)]
      : []),
  ];
}
