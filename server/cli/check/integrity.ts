import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readConfig, type OpenConfig } from '../../engine/config/read-config';
import { confinedPath } from '../../engine/files/confine';
import { isLfsPointer } from '../../engine/files/file-kind';
import { contentSha256, lfsObjectAt } from '../../engine/files/hash';
import { modelFileHashes, pointedModelHashes } from '../../engine/model/formats/tfjs-layers/hash-files';
import { dataFiles } from '../../engine/report/consistency/settings';
import { markdownReport } from '../../engine/report/markdown/markdown';
import { consistencyProblems } from '../../engine/report/json/read-report';
import { isOfConfig, runSettings, settingsRun } from '../../engine/report/check/staleness';
import { FinePruneError } from '../../protocol/errors';
import type { ResolvedConfig } from '../../protocol/config';
import type { DefenseReport, OverriddenSetting } from '../../protocol/report/report';
import type { CheckResult, ReviewedIssue } from '../../protocol/report/review';
import { configOf, fail, hold, pass, warn, type Target } from './context';
import { readBeside } from './read';
import { MARKDOWN_ENDING } from '../../protocol/files';

/** The Markdown of a report is smaller than its JSON. */
const MAX_MARKDOWN_BYTES = 16 << 20;

/** What brings files of which git has left Git LFS pointers. */
const FETCH = 'Run `git lfs pull` (`lfs: true` for actions/checkout).';

/** Figures that can't all be true. */
export function figureResults(report: DefenseReport): CheckResult[] {
  const problems = consistencyProblems(report);
  const found = problems.map(({ id, message, pointer, kind }) =>
    kind === 'problem' ? fail(`figures.${id}`, message, pointer) : warn(`figures.${id}`, message, pointer),
  );
  return problems.some(({ kind }) => kind === 'problem')
    ? found
    : [
        ...found,
        pass(
          'figures',
          'The figures agree with each other: rates, intervals, tests, gates, verdict and findings were worked out again.',
        ),
      ];
}

/** The config of a report, and whether the report was made from it. */
export async function configResults(
  target: Target,
  report: DefenseReport,
): Promise<{ results: CheckResult[]; opened: OpenConfig | null }> {
  const name = path.basename(configOf(target));
  let opened: OpenConfig;
  try {
    // Its own path is confined too: a link may lead anywhere.
    const file = await confinedPath(
      path.dirname(configOf(target)),
      name,
      { root: target.allowed.root, folders: target.config === null ? [] : target.allowed.folders },
      'config',
    );
    if (path.basename(file) !== name)
      return {
        results: [fail('path.outside', `${name} is a link to another file; only a config itself is read.`)],
        opened: null,
      };
    opened = await readConfig(file, { root: target.allowed.root, allowedFolders: target.allowed.folders });
  } catch (error) {
    return { results: [failure('config.unreadable', `The config ${name} can't be used`, error)], opened: null };
  }
  return { results: settingResults(report, opened.config, name), opened };
}

/** Whether the settings that were run are those of the config as it is. */
function settingResults(report: DefenseReport, config: ResolvedConfig, name: string): CheckResult[] {
  const { overridden, other, machine } = settingsRun(report, config);
  const results: CheckResult[] = [];
  if (!isOfConfig(report, config)) {
    const fields = [...other, ...overridden];
    results.push(
      fail(
        'stale.config',
        `The report is stale: ${name} has changed since${fields.length && fields.length <= 5 ? ` (${fields.join(', ')})` : ''}.`,
        '/provenance/configHash',
      ),
    );
  } else if (other.length) {
    results.push(
      fail(
        'config.differs',
        `The settings that the report says it ran are not those of ${name}, although it names its hash: ${other.join(', ')}.`,
        '/provenance/config',
      ),
    );
  } else {
    const settings = runSettings(report, config).map(
      ({ path: field, run, config: own }) => `${field} ${run} (config: ${own})`,
    );
    if (settings.length)
      results.push(
        warn(
          'config.overridden',
          `The run had settings from its command line: ${settings.join(', ')}. A run of ${name} by itself may end otherwise.`,
          '/provenance/config',
        ),
      );
    results.push(...recordedResults(report, overridden, name));
    results.push(
      pass(
        'config',
        `${name} is the config of this report${machine.length ? `; its command line or editor chose the engine (${machine.join(', ')})` : ''}.`,
      ),
    );
  }
  return results;
}

/** What the report says of its command line, against what follows from its settings and the config that it was made from. */
function recordedResults(
  { provenance }: DefenseReport,
  overridden: readonly OverriddenSetting[],
  name: string,
): CheckResult[] {
  const { overridden: recorded } = provenance;
  // Where it says nothing, it may be of an earlier version; the config may ask by now for what the command line did.
  if (
    recorded === undefined ||
    overridden.length === 0 ||
    [...recorded].sort().join() === [...overridden].sort().join()
  )
    return [];
  return [
    fail(
      'config.differs',
      `The report says that its command line gave ${recorded.join(', ')}, but the settings that differ from ${name} are ${overridden.join(', ')}.`,
      '/provenance/overridden',
    ),
  ];
}

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
    failure('path.outside', 'The defended model is not read', error, '/model/after/path'),
  );
  if (typeof file !== 'string') return [...results, file];
  const here = await stat(file).catch(() => null);
  return [
    ...results,
    here
      ? await hashed('stale.defended', 'defended.notFetched', 'The defended model', file, after, '/model/after')
      : warn(
          'defended.missing',
          `The defended model ${after.path} is not here, so its hashes were not compared.`,
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

type Hashes = { topology: string; weights: string };

async function hashed(
  id: string,
  notFetched: string,
  what: string,
  file: string,
  expected: Hashes,
  pointer: string,
): Promise<CheckResult> {
  try {
    return compared(id, what, await modelFileHashes(file), expected, pointer);
  } catch (error) {
    if (error instanceof FinePruneError && error.code === 'model.lfsPointer')
      return await unfetched(id, notFetched, what, file, expected, pointer);
    return failure(id, `${what} can't be read`, error, pointer);
  }
}

function compared(
  id: string,
  what: string,
  { topology, weights }: Hashes,
  expected: Hashes,
  pointer: string,
): CheckResult {
  const changed = [
    ...(topology === expected.topology ? [] : ['layers']),
    ...(weights === expected.weights ? [] : ['weights']),
  ];
  return hold(
    id,
    changed.length === 0,
    {
      good: `${what} is the one of the report.`,
      bad: `The report is stale: ${what.toLowerCase()} is not the one that it speaks of (${changed.join(' and ')} differ).`,
    },
    pointer,
  );
}

/**
 * A model of which git has left Git LFS pointers. What a pointer to the one weight file stands for is known by its hash; else nothing is
 * known, which is no more than when the file is missing: an input model has to be there.
 */
async function unfetched(
  id: string,
  notFetched: string,
  what: string,
  file: string,
  expected: Hashes,
  pointer: string,
): Promise<CheckResult> {
  const pointed = await pointedModelHashes(file).catch(() => null);
  const same = pointed && compared(id, what, pointed, expected, pointer);
  if (same?.outcome === 'fail') return same;
  const how = same
    ? 'a Git LFS pointer lies in its place, to what the report speaks of by its hash'
    : 'Git LFS pointers lie in its place, so its hashes were not compared';
  const message = `${what} is not fetched: ${how}. ${FETCH}`;
  return same || id === 'stale.defended' ? warn(notFetched, message, pointer) : fail(notFetched, message, pointer);
}

async function dataResults(report: DefenseReport, opened: OpenConfig): Promise<CheckResult[]> {
  const files = dataFiles(opened.config);
  const [changed, missing, unfetched, refused]: [string[], string[], string[], CheckResult[]] = [[], [], [], []];
  for (const [at, written] of files.entries()) {
    try {
      const file = await opened.resolve(written, 'data');
      if (!(await stat(file).catch(() => null))?.isFile()) missing.push(written);
      else if ((await contentSha256(file)) !== report.data.files[at]?.sha256) changed.push(written);
      else if (await lfsObjectAt(file)) unfetched.push(written);
    } catch (error) {
      refused.push(failure('path.outside', 'Data are not read', error, `/data/files/${at}`));
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
            `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not here, so the hash was not compared.`,
            '/data/files',
          ),
        ]
      : []),
    ...(unfetched.length
      ? [
          warn(
            'data.notFetched',
            `${unfetched.join(', ')} ${unfetched.length === 1 ? 'is' : 'are'} not fetched: Git LFS pointers lie there, by their hashes to what the report was measured on. ${FETCH}`,
            '/data/files',
          ),
        ]
      : []),
    ...(changed.length + missing.length + unfetched.length + refused.length === 0
      ? [pass('data', `${files.length} data files are those of the report.`)]
      : []),
  ];
}

/** `<name>.defense.md` is what reviewers read: it must be what the JSON gives, with or without the decisions beside it. */
export async function markdownResults(
  target: Target,
  report: DefenseReport,
  issues: readonly ReviewedIssue[],
): Promise<CheckResult[]> {
  const name = `${target.name}${MARKDOWN_ENDING}`;
  try {
    const text = await readBeside(target, name, 'Markdown report', MAX_MARKDOWN_BYTES);
    if (text === null)
      return [
        warn(
          'markdown.missing',
          `There is no ${name}: make it with \`fine-prune report ${path.basename(target.file)} --format md\`.`,
        ),
      ];
    if (isLfsPointer(text))
      return [warn('markdown.notFetched', `${name} is not fetched: a Git LFS pointer lies in its place. ${FETCH}`)];
    // Git may check out text with other line endings than it was committed with.
    const lines = text.replaceAll('\r\n', '\n');
    const same =
      lines === markdownReport(report, undefined, target.name) || lines === markdownReport(report, issues, target.name);
    return [
      hold('markdown.differs', same, {
        good: `${name} is made from this report.`,
        bad: `${name} is not what this report gives: it was edited, or is of another run. Make it again with \`fine-prune report ${path.basename(target.file)} --format md\`.`,
      }),
    ];
  } catch (error) {
    return [failure('markdown.unreadable', `${name} can't be read`, error)];
  }
}

/** A fault of a file as a result; what is no fault of a file goes on. */
export function failure(id: string, what: string, error: unknown, pointer?: string): CheckResult {
  if (!(error instanceof FinePruneError) || error.kind !== 'input') throw error;
  const code = error.code.startsWith('path.') ? error.code : id;
  return fail(code, `${what}: ${error.message}${error.todo ? ` ${error.todo}` : ''}`, pointer);
}
