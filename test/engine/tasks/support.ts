import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { markdownReport } from '../../../server/engine/report/markdown/markdown';
import { consistencyProblems, readReport } from '../../../server/engine/report/json/read-report';
import { startEngine } from '../../../server/jobs/engine-process';
import type { EngineEvent, RunOutcome, RunRequest } from '../../../server/protocol/messages/engine';
import { built } from '../../harness/built';

/** Whatever a run finds out, its report can be read again, its figures agree, and its Markdown is made from it. */
export async function run(
  config: string,
  more: Partial<RunRequest> = {},
  onEvent: (e: EngineEvent) => void = () => undefined,
  signal = new AbortController().signal,
): Promise<RunOutcome> {
  const outcome = await startEngine(
    { config, allowedFolders: [], ...more },
    { onEvent, signal, workerPath: built('worker') },
  );
  const { files } = outcome;
  const report = readReport(readFileSync(files.report, 'utf8'), files.report);
  assert.deepEqual(
    consistencyProblems(report).filter(({ kind }) => kind === 'problem'),
    [],
  );
  assert.equal(
    readFileSync(files.markdown, 'utf8'),
    markdownReport(report, undefined, path.basename(config, '.fineprune.json')),
  );
  return outcome;
}
