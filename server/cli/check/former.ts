import { lstat } from 'node:fs/promises';
import path from 'node:path';
import type { OpenConfig } from '../../engine/config/read-config';
import { readBytes } from '../../engine/files/read';
import { formatOf } from '../../engine/model/formats/registry';
import { CONFIG_FILE, MARKDOWN_ENDING, REVIEW_FILE } from '../../protocol/files';
import { formerText, formerUnknownText, formerVersion } from '../../protocol/report/former';
import type { DefenseReport } from '../../protocol/report/report';
import type { CheckResult } from '../../protocol/report/review';
import { shellWord } from '../../protocol/text/shell-word';
import { changedSince } from './base/content';
import { configOf, fail, warn, type CheckContext, type Target } from './context';
import { defendedPath } from './integrity/hashes';

/** A model's file beside its weights. */
const MOST_MODEL_BYTES = 64 << 20;

/** What compares hashes and texts: of an earlier version they need not be what they would be now. */
const COMPARED = /^(stale\.|config\.differs$|markdown\.differs$|figures\.tool$)/;

/**
 * The results about a report that an earlier version wrote. Its sentences and its Markdown are not ours, and can say anything: it fails, with
 * the command that renews it, unless this change touches nothing of it. What its hashes and texts would say of a report of this version
 * is left out; everything else stays.
 */
export async function formerResults(
  results: readonly CheckResult[],
  report: DefenseReport,
  target: Target,
  opened: OpenConfig | null,
  context: CheckContext,
): Promise<CheckResult[]> {
  const version = formerVersion(report);
  if (version === null) return [...results];
  const config = path.relative(path.dirname(target.file), configOf(target)) || CONFIG_FILE.named(target.name);
  const renewal = `fine-prune run ${shellWord(config.split(path.sep).join('/'))}` as const;
  const fits = !results.some(({ id, outcome }) => outcome === 'fail' && COMPARED.test(id) && id !== 'markdown.differs');
  const words = fits ? formerText(version, renewal) : formerUnknownText(version, renewal);
  const one = (await isUntouched(report, target, opened, context))
    ? warn('report.former', formerText(version, renewal), '/provenance/tool')
    : fail('report.former', words, '/provenance/tool');
  return [one, ...results.filter(({ id, outcome }) => outcome === 'pass' || !COMPARED.test(id))];
}

/** Whether report, Markdown, config, decisions and the models' files are byte for byte those of the base. */
async function isUntouched(
  report: DefenseReport,
  target: Target,
  opened: OpenConfig | null,
  context: CheckContext,
): Promise<boolean> {
  const { base, repository } = context;
  if (!base || !repository || !opened) return false;
  try {
    const defended = report.model.after ? await defendedPath(target, report) : null;
    // Null: the base does not have it, so it must not be here either.
    const isSame = async (file: string): Promise<boolean> =>
      !((await changedSince(file, context)) ?? (await isThere(file)));
    const models = [opened.modelPath, ...(defended && (await isThere(defended)) ? [defended] : [])];
    const weights = await Promise.all(models.map(weightFiles));
    for (const file of [target.file, configOf(target), ...models, ...weights.flat()])
      if ((await changedSince(file, context)) !== false) return false;
    for (const name of [`${target.name}${MARKDOWN_ENDING}`, REVIEW_FILE.named(target.name)]) {
      if (!(await isSame(path.join(target.folder, name)))) return false;
    }
    return defended === null || (await isSame(defended));
  } catch {
    // What can't be read is not known to be the same; that it can't is said elsewhere.
    return false;
  }
}

async function weightFiles(model: string): Promise<string[]> {
  const format = await formatOf(model);
  const names = format.weightFiles(await readBytes(model, MOST_MODEL_BYTES), path.basename(model));
  return names.map((name) => path.join(path.dirname(model), name));
}

const isThere = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
