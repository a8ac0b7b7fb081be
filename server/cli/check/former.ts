import path from 'node:path';
import type { DefenseReport } from '../../protocol/report/report';
import type { CheckResult } from '../../protocol/report/review';
import { formerText, formerUnknownText, formerVersion } from '../../protocol/report/former';
import { CONFIG_FILE } from '../../protocol/files';
import { shellWord } from '../../protocol/text/shell-word';
import { configOf, fail, warn, type Target } from './context';

/** What compares hashes and texts: of an earlier version they need not be what they would be now. */
const COMPARED = /^(stale\.|config\.differs$|markdown\.differs$|figures\.tool$)/;

/**
 * The results about a report that an earlier version wrote: what its hashes and sentences would say of a report of this version becomes one
 * result, with the command that renews it. It fails where the report no longer fits the files here; everything else stays.
 */
export function formerResults(results: readonly CheckResult[], report: DefenseReport, target: Target): CheckResult[] {
  const version = formerVersion(report);
  if (version === null) return [...results];
  const fits = !results.some(({ id, outcome }) => outcome === 'fail' && COMPARED.test(id) && id !== 'markdown.differs');
  const config = path.relative(path.dirname(target.file), configOf(target)) || CONFIG_FILE.named(target.name);
  const renewal = `fine-prune run ${shellWord(config.split(path.sep).join('/'))}` as const;
  const one = fits
    ? warn('report.former', formerText(version, renewal), '/provenance/tool')
    : fail('report.former', formerUnknownText(version, renewal), '/provenance/tool');
  return [one, ...results.filter(({ id, outcome }) => outcome === 'pass' || !COMPARED.test(id))];
}
