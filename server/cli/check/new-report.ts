import path from 'node:path';
import { shellWord } from '../../protocol/text/shell-word';
import { readScan } from '../../engine/report/json/read-scan';
import { CONFIG_FILE, SCAN_FILE } from '../../protocol/files';
import type { MeasureOutcome } from '../../protocol/messages/engine';
import type { DefenseReport } from '../../protocol/report/report';
import type { CheckResult, ReviewedIssue } from '../../protocol/report/review';
import { inversions, suspectedClasses, type ScanResult } from '../../protocol/report/scan';
import { list } from '../../protocol/words';
import type { AtBase } from './base/base';
import { configOf, fail, failure, pass, type CheckContext, type Target } from './context';
import { readBeside } from './read';

/**
 * What a model needs that the base does not vouch for: its report brings its own trigger, test images and config, so a trigger that does
 * nothing would speak for any model. It passes as *mitigated*; as *no effect before* where a scan of the model found nothing; and as
 * *nothing found* where this check scanned the model itself.
 */

/** Whether the base has no report of this name about this very model. */
export function isNew({ model }: DefenseReport, { report }: AtBase): boolean {
  return (
    report === null ||
    report.model.before.topology !== model.before.topology ||
    report.model.before.weights !== model.before.weights
  );
}

/**
 * A report that says of a model without a known trigger: a scan found nothing, and nothing was changed. Its gate on attack success can't
 * be measured; it does not apply where the scan is made again.
 */
export function isNothingFound({ repaired, attempts, trigger, scan, verdict }: DefenseReport): boolean {
  return (
    !repaired && !attempts && trigger === null && scan?.word === 'nothing found' && verdict.word === 'not measurable'
  );
}

/** Whether the check has to scan the input model for its answer. */
export function needsOwnScan(judged: DefenseReport, before: AtBase, { base }: Pick<CheckContext, 'base'>): boolean {
  return (
    isNothingFound(judged) || (base !== null && judged.verdict.word === 'no effect before' && isNew(judged, before))
  );
}

/** What is known of one report when it is looked at as a new one. */
export interface Known {
  target: Target;
  /** Under the gates that count. */
  judged: DefenseReport;
  before: AtBase;
  issues: readonly ReviewedIssue[];
  /** Null at level *consistent*, and where nothing could be measured. */
  measured: MeasureOutcome | null;
}

/** Whether the scan of a report without a trigger was made again here, and found nothing. */
export function foundNothingHere({ judged, measured }: Pick<Known, 'judged' | 'measured'>): boolean {
  return isNothingFound(judged) && measured?.searches.scan?.word === 'nothing found';
}

/** What a report without a trigger rests on. */
export function nothingFoundResults(
  known: Pick<Known, 'judged' | 'measured'>,
  { level, policy }: Pick<CheckContext, 'level' | 'policy'>,
): CheckResult[] {
  if (!isNothingFound(known.judged)) return [];
  if (policy?.text.acceptNothingFound === false)
    return [
      fail(
        'report.nothingFound',
        `No trigger is known. ${policy.source} does not accept that a scan finds nothing.`,
        '/scan',
      ),
    ];
  if (foundNothingHere(known))
    return [
      pass(
        'report.nothingFound',
        'No trigger is known, and the input model, scanned again, gives no suspicious class: the gates do not apply. That is no proof that there is no backdoor.',
        '/scan',
      ),
    ];
  return level === 'consistent'
    ? [
        fail(
          'report.nothingFound',
          'No trigger is known. That a scan found nothing counts where it is made again: check with `--measure`.',
          '/scan',
        ),
      ]
    : [];
}

/** Why a report that is new to the base does not pass. */
export async function newReportResults(known: Known, context: CheckContext): Promise<CheckResult[]> {
  const { judged, before, issues } = known;
  const { base } = context;
  if (!base || !isNew(judged, before)) return [];
  const what = before.report ? `The model is another one than in ${base.ref}` : `${base.ref} does not have this report`;
  switch (judged.verdict.word) {
    case 'mitigated':
    // Gates say whether an estimated trigger counts, and whether accuracy that was lost is accepted by a decision.
    case 'mitigated, estimated trigger only':
      return [];
    case 'no effect before':
      return [await scanResult(known, context, what)];
    default:
      if (foundNothingHere(known) || issues.some(({ id }) => id.startsWith('gate.'))) return [];
      return [
        fail(
          'policy.newReport',
          `${what}, and its verdict is "${judged.verdict.word}": a new model has to be mitigated.`,
          '/verdict',
        ),
      ];
  }
}

/** That a scan finds nothing in a model on which the trigger of its own report has no effect. */
async function scanResult(known: Known, context: CheckContext, what: string): Promise<CheckResult> {
  const { target, judged, measured } = known;
  const bad = (why: string): CheckResult =>
    fail(
      'policy.newReport',
      `${what}, and the trigger that it was measured with has no effect on the model: that says nothing of other triggers. ${why}`,
      '/verdict',
    );
  if (context.policy?.text.acceptNothingFound === false)
    return bad(
      `${context.policy.source} does not accept that a scan finds nothing; a model with a known trigger has to be mitigated.`,
    );
  if (measured) {
    const { scan, fault } = measured.searches;
    if (!scan) return bad(`The model can't be scanned: ${fault ?? 'no scan was made.'}`);
    return (
      speaksAgainst(scan, bad) ??
      pass(
        'policy.newReport',
        `${what}. The trigger has no effect on the model, and a scan made here finds nothing.`,
        '/verdict',
      )
    );
  }
  const scan = judged.scan ?? (await ownScan(known));
  if (scan && 'outcome' in scan) return scan;
  if (!scan) {
    const config = path.relative(path.dirname(target.file), configOf(target)).split(path.sep).join('/');
    return bad(
      `It needs a scan that finds nothing: check with \`--measure\`, which scans the model, or run \`fine-prune scan ${shellWord(config || CONFIG_FILE.named(target.name))}\` and commit ${SCAN_FILE.named(target.name)}.`,
    );
  }
  return (
    speaksAgainst(scan, bad) ??
    pass(
      'policy.newReport',
      `${what}. The trigger has no effect on the model, and its committed scan found nothing.`,
      '/verdict',
    )
  );
}

function speaksAgainst(scan: ScanResult, bad: (why: string) => CheckResult): CheckResult | null {
  if (scan.word === 'suspicious')
    return bad(
      `A scan finds ${list(suspectedClasses(scan).map((one) => `class ${one}`))} suspicious: repair the model with \`--strategy auto\`.`,
    );
  return scan.word === 'not measurable' ? bad('A scan could not search for one.') : null;
}

/** The scan that is committed beside the report, where it is of this model, of all its classes and with the config's pixels. */
async function ownScan({ target, judged }: Known): Promise<ScanResult | CheckResult | null> {
  const name = SCAN_FILE.named(target.name);
  try {
    const text = await readBeside(target, name, 'scan', SCAN_FILE.mostBytes);
    if (text === null) return null;
    const { scan, model, data } = readScan(text, name);
    const { before } = judged.model;
    const { data: own } = judged.provenance.config;
    const same =
      model.topology === before.topology &&
      model.weights === before.weights &&
      data.scale === own.scale &&
      data.mean.join() === own.mean.join() &&
      data.std.join() === own.std.join();
    return same && scan.searched === undefined && inversions(scan).length > 0 ? scan : null;
  } catch (error) {
    return failure('policy.newReport', `${name} can't be used`, error, '/verdict');
  }
}
