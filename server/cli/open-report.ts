import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isMissing, ReadFault, readText } from '../engine/files/read';
import { readReport } from '../engine/report/json/read-report';
import { readReview } from '../engine/report/review/read-review';
import { badInput } from '../protocol/errors';
import type { DefenseReport } from '../protocol/report/report';
import type { DefenseReview } from '../protocol/report/review';
import { Repository } from './git';
import { REPORT_FILE, REVIEW_FILE } from '../protocol/files';

/** A report that a command line names. */
export interface NamedReport {
  report: DefenseReport;
  text: string;
  /** As the person named it. */
  label: string;
  /** The config's base name. */
  name: string;
  /** Absolute path; null for one of a git revision. */
  file: string | null;
}

/**
 * Reads a report: a file, or `REVISION:PATH` as git names it (a path that begins with `./` starts from the current folder).
 * @throws FinePruneError `cli.notFound`, `git.…`, `report.…`
 */
export async function openReport(named: string, cwd: string): Promise<NamedReport> {
  const file = path.resolve(cwd, named);
  const info = await stat(file).catch(() => null);
  const colon = named.indexOf(':');
  if (!info && colon > 0) return atRevision(named, named.slice(0, colon), named.slice(colon + 1), cwd);
  const text = await readText(file, REPORT_FILE.mostBytes).catch((error: unknown) => {
    if (!(error instanceof ReadFault)) throw error;
    const { reason, size, message } = error;
    if (reason === 'tooLarge')
      throw badInput('report.tooLarge', `The report has ${size} bytes; at most ${REPORT_FILE.mostBytes} are read.`, {
        file,
        todo: 'Name the right file, or write the report again with `fine-prune run`.',
      });
    throw badInput(
      'cli.notFound',
      reason === 'missing' ? `There is no report ${named}.` : `${named} can't be read as a report. ${message}`,
      { file, todo: `Name a report (${REPORT_FILE.pattern}), or one in a git revision as REVISION:PATH.` },
    );
  });
  return { report: readReport(text, named), text, label: named, name: nameOf(file), file };
}

/** Decisions beside a report; null when there are none. */
export async function reviewBeside({ file, name }: NamedReport): Promise<DefenseReview | null> {
  if (file === null) return null;
  const beside = path.join(path.dirname(file), REVIEW_FILE.named(name));
  const text = await readText(beside, REVIEW_FILE.mostBytes).catch((error: unknown) => {
    if (isMissing(error)) return null;
    if (!(error instanceof ReadFault)) throw error;
    throw badInput(
      'review.tooLarge',
      `The list of decisions is not a file of at most ${REVIEW_FILE.mostBytes} bytes. ${error.message}`,
      { file: beside, todo: 'Put the right file in its place, or remove it.' },
    );
  });
  return text === null ? null : readReview(text, beside);
}

async function atRevision(label: string, ref: string, inside: string, cwd: string): Promise<NamedReport> {
  const repository = await Repository.of(cwd);
  if (!repository)
    throw badInput('git.none', `This folder is not in a git repository, so there is no ${label}.`, {
      file: cwd,
      todo: 'Name a file, or change to the repository.',
    });
  const commit = await repository.commit(ref);
  const wanted =
    inside.startsWith('./') || inside.startsWith('../') ? repository.relative(path.resolve(cwd, inside)) : inside;
  const entry = (await repository.files(commit)).files.find((one) => one.path === wanted);
  if (!entry)
    throw badInput('cli.notFound', `${ref} has no ${wanted}.`, {
      todo: 'The path is relative to the root of the repository; with ./ before it, to the current folder.',
    });
  const text = (await repository.read(entry.id, REPORT_FILE.mostBytes)).toString('utf8');
  return { report: readReport(text, label), text, label, name: nameOf(wanted), file: null };
}

const nameOf = (file: string): string => REPORT_FILE.nameOf(path.basename(file));
