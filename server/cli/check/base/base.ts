import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseConfig } from '../../../engine/config/parse-config';
import { resolveConfig } from '../../../engine/config/resolve-config';
import { lfsObject, MOST_POINTER_BYTES } from '../../../engine/files/lfs-pointer';
import { contentSha256, lfsObjectAt, sha256 } from '../../../engine/files/hash';
import { readReport } from '../../../engine/report/json/read-report';
import { renewedDecisions } from '../../../engine/report/review/review';
import { readReview } from '../../../engine/report/review/read-review';
import type { ResolvedConfig } from '../../../protocol/config/config';
import { FinePruneError } from '../../../protocol/errors';
import type { DefenseReport } from '../../../protocol/report/report';
import type { Decision } from '../../../protocol/report/review';
import type { Repository } from '../../git';
import type { Base, CheckContext, Target } from '../context';
import { CONFIG_FILE, REPORT_FILE, REVIEW_FILE } from '../../../protocol/files';

/** What the base revision has under a report's name. All null for a report that is new. */
export interface AtBase {
  config: ResolvedConfig | null;
  report: DefenseReport | null;
  /** Those that count, with the fingerprints of this version. */
  decisions: Decision[];
  /** The same as the file has them. */
  written: Decision[];
  /** Files that are there but can't be read, with the reason. */
  unreadable: { file: string; message: string }[];
}

/**
 * Reads the base revision once.
 * @throws FinePruneError `git.none`, `git.ref`
 */
export async function openBase(repository: Repository, ref: string): Promise<Base> {
  const commit = await repository.commit(ref);
  return { ref, commit, files: new Map((await repository.files(commit)).map(({ path: file, id }) => [file, id])) };
}

/** Config, report and decisions of a report's name at the base revision. */
export async function atBase(
  target: Target,
  { base, repository }: Pick<CheckContext, 'base' | 'repository'>,
): Promise<AtBase> {
  const found: AtBase = { config: null, report: null, decisions: [], written: [], unreadable: [] };
  if (!base || !repository) return found;
  const stem = (target.movedFrom ?? repository.relative(target.file)).slice(0, -REPORT_FILE.ending.length);
  const read = async <T>(file: string, most: number, parse: (text: string, file: string) => T): Promise<T | null> => {
    const id = base.files.get(file);
    if (id === undefined) return null;
    try {
      return parse((await repository.read(id, most)).toString('utf8'), `${base.ref}:${file}`);
    } catch (error) {
      if (!(error instanceof FinePruneError)) throw error;
      found.unreadable.push({ file: `${base.ref}:${file}`, message: error.message });
      return null;
    }
  };
  const config = configAtBase(target, stem, base.files, repository);
  found.config =
    config === null
      ? null
      : await read(config, CONFIG_FILE.mostBytes, (text, file) => resolveConfig(parseConfig(text, file)));
  found.report = await read(REPORT_FILE.named(stem), REPORT_FILE.mostBytes, readReport);
  // A report that lies elsewhere than its config holds the terms that the base agreed to.
  found.config ??= found.report?.provenance.config ?? null;
  found.written = (await read(REVIEW_FILE.named(stem), REVIEW_FILE.mostBytes, readReview))?.decisions ?? [];
  found.decisions = found.report ? renewedDecisions(found.report, found.written) : found.written;
  return found;
}

/**
 * Path of the base's config of a report: beside it, else where the report's config lies now, else the only one of its name. A change that
 * moves its config does not get rid of the base's terms.
 */
export function configAtBase(
  { config, name }: Target,
  stem: string,
  files: Base['files'],
  repository: Repository,
): string | null {
  const beside = CONFIG_FILE.named(stem);
  if (files.has(beside)) return beside;
  const located = config && repository.relative(config);
  if (located && files.has(located)) return located;
  const named = [...files.keys()].filter(
    (file) => file === CONFIG_FILE.named(name) || file.endsWith(`/${CONFIG_FILE.named(name)}`),
  );
  return named.length === 1 ? named[0]! : null;
}

/** Data of the base are read up to this size, to compare them with what a Git LFS pointer here stands for. */
const MOST_DATA_BYTES = 512 << 20;

/**
 * Whether a file of the working folder has another content than at the base revision; null when the base does not have it.
 * A Git LFS pointer, here or at the base, is compared by the hash that it names.
 * @param file absolute, links followed
 */
export async function changedSince(
  file: string,
  { base, repository }: Pick<CheckContext, 'base' | 'repository'>,
): Promise<boolean | null> {
  const id = repository && base?.files.get(repository.relative(file));
  if (!repository || !id) return null;
  const info = await stat(file).catch(() => null);
  if (!info?.isFile()) return true;
  if ((await blobId(file, info.size, id.length)) === id) return false;
  const there = await repository.read(id, MOST_POINTER_BYTES).then(
    (bytes) => lfsObject(bytes.toString('utf8')),
    () => null,
  );
  if (there) return there.sha256 !== (await contentSha256(file));
  const here = await lfsObjectAt(file);
  return here === null || here.sha256 !== (await repository.read(id, MOST_DATA_BYTES).then(sha256, () => null));
}

/** Object id of a file's content as git computes it: SHA-1, or SHA-256 in repositories with ids of 64 digits. */
async function blobId(file: string, size: number, digits: number): Promise<string> {
  const hash = createHash(digits === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
