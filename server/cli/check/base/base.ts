import { parseConfig } from '../../../engine/config/parse-config';
import { resolveConfig } from '../../../engine/config/resolve-config';
import { isOfConfig } from '../../../engine/report/check/staleness';
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
  /** Path of the report at the base, from the repository's root and without its ending; null without a base, and where it has none. */
  stem: string | null;
  config: ResolvedConfig | null;
  /** Path of that config; null where it is known from the report alone. */
  configFile: string | null;
  report: DefenseReport | null;
  /** Those that count, with the fingerprints of this version. */
  decisions: Decision[];
  /** The same as the file has them. */
  written: Decision[];
  /** Files that are there but can't be read, with the reason. */
  unreadable: { file: string; kind: 'config' | 'report' | 'decisions'; id: string; message: string }[];
}

/** Bytes of the base's reports, configs and decisions that are read at once. */
const MOST_AT_ONCE = 256 << 20;

/**
 * Reads the names of the base revision, and the reports, configs and decisions that it has below a folder.
 * @param below path from the repository's root; empty for all of it
 * @throws FinePruneError `git.none`, `git.ref`
 */
export async function openBase(repository: Repository, ref: string, below: string): Promise<Base> {
  const commit = await repository.commit(ref);
  const listed = await repository.files(commit);
  const byPath = (entries: typeof listed.files): Map<string, string> =>
    new Map(entries.map(({ path: file, id }) => [file, id]));
  const files = byPath(listed.files);
  const ours = [...files].flatMap(([file, id]) =>
    (below === '' || file.startsWith(`${below}/`)) &&
    [REPORT_FILE, CONFIG_FILE, REVIEW_FILE].some((kind) => kind.is(file))
      ? [id]
      : [],
  );
  const submodules = byPath(listed.submodules);
  return {
    ref,
    commit,
    files,
    submodules,
    contents: await repository.readAll(ours, REPORT_FILE.mostBytes, MOST_AT_ONCE),
  };
}

/**
 * Content of a file of the base.
 * @param most bytes that are read at most
 * @throws FinePruneError `git.…`
 */
export async function readAtBase(
  id: string,
  { contents }: Base,
  repository: Repository,
  most: number,
): Promise<Buffer> {
  const known = contents.get(id);
  return known && known.length <= most ? known : repository.read(id, most);
}

/** Config, report and decisions of a report's name at the base revision. */
export async function atBase(
  target: Target,
  { base, repository, config: named }: Pick<CheckContext, 'base' | 'repository' | 'config'>,
): Promise<AtBase> {
  const found: AtBase = {
    stem: null,
    config: null,
    configFile: null,
    report: null,
    decisions: [],
    written: [],
    unreadable: [],
  };
  if (!base || !repository) return found;
  const stem = (target.movedFrom ?? repository.relative(target.file)).slice(0, -REPORT_FILE.ending.length);
  const read = async <T>(
    file: string,
    kind: AtBase['unreadable'][number]['kind'],
    most: number,
    parse: (text: string, file: string) => T,
  ): Promise<T | null> => {
    const id = base.files.get(file);
    if (id === undefined) return null;
    try {
      return parse((await readAtBase(id, base, repository, most)).toString('utf8'), `${base.ref}:${file}`);
    } catch (error) {
      if (!(error instanceof FinePruneError)) throw error;
      found.unreadable.push({ file: `${base.ref}:${file}`, kind, id, message: error.message });
      return null;
    }
  };
  const readConfig = (file: string): Promise<ResolvedConfig | null> =>
    read(file, 'config', CONFIG_FILE.mostBytes, (text, at) => resolveConfig(parseConfig(text, at)));
  if (base.files.has(REPORT_FILE.named(stem))) found.stem = stem;
  found.report = await read(REPORT_FILE.named(stem), 'report', REPORT_FILE.mostBytes, readReport);
  const candidates = configsAtBase(target, stem, base, named && repository.relative(named));
  for (const file of candidates) {
    const config = await readConfig(file);
    // Of several the one that the report was made from; the only one even where it has changed since.
    if (!config || (candidates.length > 1 && found.report && !isOfConfig(found.report, config))) continue;
    [found.config, found.configFile] = [config, file];
    break;
  }
  // A report that lies elsewhere than its config holds the terms that the base agreed to.
  found.config ??= found.report?.provenance.config ?? null;
  found.written =
    (await read(REVIEW_FILE.named(stem), 'decisions', REVIEW_FILE.mostBytes, readReview))?.decisions ?? [];
  found.decisions = found.report ? renewedDecisions(found.report, found.written) : found.written;
  return found;
}

/**
 * Paths of the base's configs that may be a report's: the one that the command line names, the one beside it, else all of its name. What
 * the change says of its config has no part in this: it does not choose the base's terms.
 */
function configsAtBase({ name }: Target, stem: string, { files }: Base, named: string | null): string[] {
  if (named !== null && files.has(named)) return [named];
  const beside = CONFIG_FILE.named(stem);
  if (files.has(beside)) return [beside];
  const base = stem.slice(stem.lastIndexOf('/') + 1);
  const names = new Set([CONFIG_FILE.named(base), CONFIG_FILE.named(name)]);
  return [...files.keys()].filter((file) => names.has(file.slice(file.lastIndexOf('/') + 1))).sort();
}
