import path from 'node:path';
import type { Result } from 'sarif';
import { placesIn } from '../../../engine/report/json/places';
import { artifact, plain, sarifLog, type SarifInput, type SarifLog } from '../../../engine/report/sarif/sarif';
import { sha256 } from '../../../engine/files/hash';
import type { CheckResult } from '../../../protocol/report/review';
import type { Repository } from '../../git';
import type { Checked } from '../check-report';
import type { WholeCheck } from '../whole';
import { configOf } from '../context';
import { inOrder } from './words';

/** What a check found as SARIF 2.1.0, for code scanning: missed gates and findings of each report, then what the check itself says. */
export function checkSarif({ reports, results }: WholeCheck, repository: Repository | null): SarifLog {
  const log = sarifLog(reports.flatMap((checked) => inputOf(checked, repository)));
  const [run] = log.runs;
  const told: Told[] = [
    // Without a file there is no line to show it at.
    ...inOrder(results).flatMap((result) =>
      result.file === undefined ? [] : [{ file: result.file, text: null, result }],
    ),
    ...reports.flatMap(({ target, text, result: report }) =>
      inOrder(report.results)
        .filter(({ outcome }) => outcome !== 'pass')
        .map((result) => ({ file: inside(target.file, report.file, repository), text, result })),
    ),
  ];
  const { rules } = run.tool.driver;
  const indices = new Map<string, number>();
  for (const id of new Set(told.map(({ result }) => result.id))) {
    indices.set(
      id,
      rules.push({
        id: `check/${id}`,
        shortDescription: { text: `fine-prune check: ${id}` },
        help: { text: "See Fine-Prune's docs/review.md." },
      }) - 1,
    );
  }
  // All results of a run have a state, or none has.
  const state = run.results.some((result) => 'baselineState' in result) ? ({ baselineState: 'new' } as const) : {};
  run.results = [
    ...told.map((one, at) => {
      const { file, result } = one;
      const turn = told
        .slice(0, at)
        .filter(
          (other) => other.file === file && other.result.id === result.id && other.result.pointer === result.pointer,
        ).length;
      return { ...resultOf(one, indices.get(result.id)!, turn), ...state };
    }),
    ...run.results,
  ];
  return log;
}

function inputOf({ result, judged, text, target, baseIssues }: Checked, repository: Repository | null): SarifInput[] {
  if (!judged || text === null) return [];
  const input = {
    report: judged,
    issues: result.issues,
    file: inside(target.file, result.file, repository),
    text,
    configFile: inside(configOf(target), path.basename(configOf(target)), repository),
  };
  return [result.policy.source === 'worktree' ? input : { ...input, baseIssues }];
}

/** A result, and where it belongs: the file's path from the repository's root, and its text where there is one. */
interface Told {
  file: string;
  text: string | null;
  result: CheckResult;
}

function resultOf(
  { file, text, result: { id, outcome, message, pointer } }: Told,
  ruleIndex: number,
  turn: number,
): Result {
  const { line, column, endLine, endColumn } =
    text === null ? { line: 1, column: 1, endLine: 1, endColumn: 1 } : placesIn(text).head(pointer ?? '');
  // Not of the sentence: its figures change while the problem stays the same.
  const identity = sha256(`${file}\n${id}\n${pointer ?? ''}\n${turn}`).slice(0, 32);
  return {
    ruleId: `check/${id}`,
    ruleIndex,
    level: outcome === 'fail' ? 'error' : 'warning',
    message: { text: plain(message) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: artifact(file),
          region: { startLine: line, startColumn: column, endLine, endColumn },
        },
      },
    ],
    partialFingerprints: { primaryLocationLineHash: `${identity.slice(0, 16)}:1`, 'finePruneCheck/v1': identity },
    suppressions: [],
  };
}

/** Path from the repository's root, else as it was shown. */
function inside(file: string, shown: string, repository: Repository | null): string {
  const relative = repository?.relative(file);
  return relative === undefined || relative.startsWith('../') ? shown : relative;
}
