import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { checkReport, type Checked } from '../../../server/cli/check/check-report';
import { prepare } from '../../../server/cli/check/prepare';
import { compareReports } from '../../../server/engine/report/compare/compare';
import { serialiseReport } from '../../../server/engine/report/json/serialise';
import { consistencyProblems, readReport } from '../../../server/engine/report/json/read-report';
import { comparisonMarkdown } from '../../../server/engine/report/markdown/compare';
import { markdownReport } from '../../../server/engine/report/markdown/markdown';
import { reviewedIssues } from '../../../server/engine/report/review/review';
import { sarifLog } from '../../../server/engine/report/sarif/sarif';
import { reportDiagnostics } from '../../../server/language/report/diagnostics';
import { reportHover } from '../../../server/language/report/hover';
import { parseConfig } from '../../../server/language/text/config-text';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { below, must, textOf, type Case, type Corpus, type Kind, type Opened } from '../case';
import type { Chance } from '../chance';
import { changeDocument } from '../mutate/document';
import { changeText } from '../mutate/text';

const FILE = 'small.defense.json';
const OTHERS = [
  'reports/example',
  'reports/repaired',
  'reports/guided',
  'reports/unmet',
  'former/known',
  'former/guided',
  'former/unknown',
] as const;
/** What a person who wants a pass would change. */
const TELLING =
  /verdict|gates|stages\/\w+\/\w+|findings|sha256|topology|weights|configHash|tool|attackSuccessRate|comparison|proof|attempts|scan/;

/** A defense report in the place of the one that the engine wrote. */
export const report: Kind = {
  name: 'report',
  weight: 5,
  make(chance, corpus) {
    const how: string[] = [];
    const files = below(corpus, 'project');
    const text = textOf(corpus, chance.happens(0.5) ? `project/${FILE}` : `${chance.pick(OTHERS)}.defense.json`);
    files.set(`other/${FILE}`, files.get(FILE)!);
    files.set(FILE, changeDocument(text, chance, how, TELLING));
    return { files, hostile: [], main: FILE, how };
  },
  readers: { read, show, check, editor },
  commands: [
    (main) => ['check', main, '--json'],
    (main) => ['check', main, '--measure', '--backend', 'wasm'],
    () => ['check', '--sarif', 'made.sarif', '--summary', 'made.md', '--verbose'],
    (main) => ['report', main],
    (main) => ['report', main, '--format', 'sarif'],
    (main) => ['report', main, '--format', 'json'],
    (main) => ['compare', main, 'other/small.defense.json'],
    (main) => ['compare', 'none', main, '--format', 'json'],
  ],
  language: 'json',
};

/** What is read is written and read again as the same. */
function read({ file }: Opened): string {
  const found = readReport(readFileSync(file, 'utf8'), file);
  const again = readReport(serialiseReport(found), file);
  must(
    isDeepStrictEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(found))),
    'a report that is written is read as the same report',
  );
  return `${consistencyProblems(found).length > 0 ? 'contradictory' : 'consistent'} ${found.verdict.word}`;
}

function show({ file, corpus }: Opened): string {
  const text = readFileSync(file, 'utf8');
  const found = readReport(text, file);
  const issues = reviewedIssues(found, null, '2026-12-01');
  const markdown = markdownReport(found, issues, 'small');
  const other = readReport(textOf(corpus, 'reports/example.defense.json'), 'example');
  const both = [compareReports(other, found), compareReports(found, other), compareReports(null, found)];
  for (const comparison of both) comparisonMarkdown(comparison, { base: 'a', head: 'b' });
  const log = sarifLog([{ report: found, issues, file: 'small.defense.json', text }]);
  for (const shown of [markdown, JSON.stringify(log)])
    must(!controls(shown), 'what is shown has no control characters');
  return `${issues.length > 0 ? 'issues' : 'no issues'} ${both[0]!.direction}`;
}

/** Control characters other than line ends and tabs. */
const controls = (text: string): boolean => /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text);

export async function checked(folder: string, policy?: string): Promise<Checked[]> {
  const { context, targets } = await prepare([], {
    cwd: folder,
    level: 'consistent',
    base: undefined,
    policy,
    allowed: [],
    backend: 'wasm',
    cancellable: (work) => work(new AbortController().signal),
    onEvent: () => undefined,
  });
  const all: Checked[] = [];
  for (const target of targets) all.push(await checkReport(target, context));
  return all;
}

/** What a report says that the others of its project say, too, or that follows from what it says. */
const meaning = ({ verdict, gates, findings, stages, model, trigger, pruning }: DefenseReport): unknown =>
  JSON.parse(
    JSON.stringify({
      verdict,
      gates,
      findings,
      model,
      trigger,
      pruning,
      rates: Object.values(stages).map((stage) => stage && [stage.cleanAccuracy, stage.attackSuccessRate]),
    }),
  );

/** A report that passes says what the engine wrote. */
async function check({ folder, corpus, file }: Opened): Promise<string> {
  const only = (await checked(folder)).find(({ target }) => target.shown === FILE);
  const results = only!.result.results.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id);
  if (!only!.result.passed) return `failed: ${[...new Set(results)].sort().slice(0, 4).join(' ')}`;
  const own = readReport(textOf(corpus, `project/${FILE}`), FILE);
  must(
    isDeepStrictEqual(meaning(readReport(readFileSync(file, 'utf8'), file)), meaning(own)),
    'a report that passes means what the engine wrote',
  );
  return 'passed';
}

function editor({ file }: Opened): string {
  const text = readFileSync(file, 'utf8');
  const found = readReport(text, file);
  const parsed = parseConfig(TextDocument.create('file:///small.defense.json', 'json', 1, text));
  const told = reportDiagnostics(parsed, reviewedIssues(found, null, '2026-12-01'), ['model'], found);
  for (let at = 0; at < text.length; at += Math.max(1, Math.floor(text.length / 20)))
    reportHover(parsed, found, parsed.document.positionAt(at));
  return String(told.length > 1);
}

/** The Markdown beside a report. */
export const markdown: Kind = {
  name: 'markdown',
  weight: 1,
  make: (chance, corpus) => beside(chance, corpus, 'small.defense.md', 'project/small.defense.md'),
  readers: {
    async check({ folder, corpus, file }) {
      const only = (await checked(folder)).find(({ target }) => target.shown === FILE);
      const [now, before] = [readFileSync(file, 'utf8'), textOf(corpus, 'project/small.defense.md')];
      if (only!.result.passed)
        must(now.replaceAll('\r\n', '\n') === before, 'Markdown that passes is what was written');
      return only!.result.passed ? 'passed' : 'failed';
    },
  },
  commands: [() => ['check']],
  language: 'markdown',
};

/** A project in which one text is another. */
export function beside(chance: Chance, corpus: Corpus, name: string, from: string): Case {
  const how: string[] = [];
  const files = below(corpus, 'project');
  const text = textOf(corpus, from);
  files.set(name, name.endsWith('.md') ? changeText(text, chance, how) : changeDocument(text, chance, how));
  return { files, hostile: [], main: name, how };
}
