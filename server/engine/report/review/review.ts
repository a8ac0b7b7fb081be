import { isDay } from '../../../protocol/day';
import { badInput } from '../../../protocol/errors';
import type { DefenseReport, Gate } from '../../../protocol/report/report';
import type { Decision, DefenseReview, IssueId, ReviewedIssue } from '../../../protocol/report/review';
import { canonicalJson, sha256 } from '../../files/hash';
import { dataFiles } from '../consistency/settings';
import { missedGate } from '../gate-words';
import { figuresOf } from './figures-of';
import { readReview } from './read-review';
import { withDecision } from './review-text';
import { REVIEW_FILE } from '../../../protocol/files';

export { readReview } from './read-review';

/**
 * What a decision is about, as 16 hexadecimal digits: the beginning of the SHA-256 of the issue with its figures (the numbers in a
 * finding's sentence; a gate's limit, measured and judged share), the input model's hashes, the trigger and the hashes of the test data. It
 * changes when any of them does, and not with anything else in the report.
 *
 * @throws FinePruneError `review.noSuchIssue` when the report has no such finding or missed gate
 */
export function issueFingerprint(report: DefenseReport, id: IssueId): string {
  const { layer, fineTuning } = report;
  const names = [layer.name, layer.activation, ...fineTuning.frozen];
  return fingerprint(report, id, (messages) => ({ figures: messages.map(figuresOf), names }));
}

/** The same as version 0.1 made it, of the sentence as it is: words that another version changes make another one. */
export function formerFingerprint(report: DefenseReport, id: IssueId): string {
  return fingerprint(report, id, (messages) => ({ messages }));
}

function fingerprint(report: DefenseReport, id: IssueId, said: (messages: string[]) => object): string {
  const { model, trigger, data, provenance } = report;
  const gate = gateOf(report, id);
  // Two findings may share an id (`test-subset`): a decision is about both.
  const messages = report.findings.filter((finding) => finding.id === id).map((finding) => finding.message);
  if (!gate && messages.length === 0) {
    throw badInput('review.noSuchIssue', `The report has no open issue \`${id}\`.`, {
      todo: `Accept one of these: ${issueIds(report).join(', ') || 'none'}.`,
    });
  }
  const what = gate ? { limit: gate.limit, measured: gate.measured, judged: gate.judged } : said(messages);
  const tested = new Set(
    dataFiles(provenance.config)
      .filter(({ role }) => role !== 'train')
      .map(({ path }) => path),
  );
  const files = data.files.filter((file) => tested.has(file.path)).map((file) => file.sha256);
  return sha256(
    canonicalJson({ id, what, model: model.before, trigger, triggerConfig: provenance.config.trigger, files }),
  ).slice(0, 16);
}

/**
 * Missed gates (as errors), then findings in the report's order, each with the decision about it. A decision counts while its
 * fingerprint is that of the issue and its last day is not over. Of several decisions the one that counts is taken, else the
 * expired, else the stale one; among equals the latest.
 *
 * @param today YYYY-MM-DD, of `today()`
 */
export function reviewedIssues(report: DefenseReport, review: DefenseReview | null, today: string): ReviewedIssue[] {
  // Once for each id: it covers model, trigger and all findings of that id.
  const known = new Map<IssueId, Pick<ReviewedIssue, 'fingerprint' | 'status' | 'decision'>>();
  const decided = (issue: Pick<ReviewedIssue, 'id' | 'severity' | 'message' | 'pointer'>): ReviewedIssue => {
    const about = known.get(issue.id) ?? decisionOn(issue.id);
    known.set(issue.id, about);
    return { ...issue, ...about };
  };
  const decisionOn = (id: IssueId): Pick<ReviewedIssue, 'fingerprint' | 'status' | 'decision'> => {
    const fingerprint = issueFingerprint(report, id);
    const counts = [fingerprint, formerFingerprint(report, id)];
    const rank = { accepted: 0, expired: 1, stale: 2 } as const;
    const [best] = (review?.decisions ?? [])
      .filter((decision) => decision.finding === id)
      .map((decision) => ({ decision, status: statusOf(decision, counts, today) }))
      .sort(
        (a, b) =>
          rank[a.status] - rank[b.status] ||
          (a.decision.date < b.decision.date ? 1 : a.decision.date > b.decision.date ? -1 : 0),
      );
    return { fingerprint, status: best?.status ?? 'open', decision: best?.decision ?? null };
  };
  const gates = report.gates.flatMap((gate, at) =>
    gate.met
      ? []
      : [
          decided({
            id: `gate.${gate.id}` as const,
            severity: 'error',
            message: missedGate(gate, report),
            pointer: `/gates/${at}`,
          }),
        ],
  );
  return [
    ...gates,
    ...report.findings.map(({ id, severity, message }, at) =>
      decided({ id, severity, message, pointer: `/findings/${at}` }),
    ),
  ];
}

function statusOf(
  decision: Decision,
  fingerprints: readonly string[],
  today: string,
): 'accepted' | 'expired' | 'stale' {
  if (!fingerprints.includes(decision.fingerprint)) return 'stale';
  return decision.expires !== undefined && decision.expires < today ? 'expired' : 'accepted';
}

function gateOf(report: DefenseReport, id: IssueId): Gate | undefined {
  return report.gates.find((gate) => !gate.met && `gate.${gate.id}` === id);
}

/**
 * Decisions about a report, each with the fingerprint that it has in this version where version 0.1 made it: so it still counts for a report
 * that says the same in other words.
 */
export function renewedDecisions(report: DefenseReport, decisions: readonly Decision[]): Decision[] {
  const open = new Set(issueIds(report));
  const renewed = new Map<string, Record<'former' | 'now', string>>(
    [...open].map((id) => [id, { former: formerFingerprint(report, id), now: issueFingerprint(report, id) }]),
  );
  return decisions.map((decision) => {
    const of = renewed.get(decision.finding);
    return of && decision.fingerprint === of.former ? { ...decision, fingerprint: of.now } : decision;
  });
}

/** The ids of all missed gates and findings. */
export function issueIds(report: DefenseReport): IssueId[] {
  return [
    ...new Set<IssueId>([
      ...report.gates.filter((gate) => !gate.met).map((gate) => `gate.${gate.id}` as const),
      ...report.findings.map(({ id }) => id),
    ]),
  ];
}

/** What a person decides; `decision` and `fingerprint` are filled in. */
export type DecisionFields = Pick<Decision, 'reason' | 'author' | 'date' | 'expires'> & { finding: IssueId };

/**
 * The text of a list of decisions with one more, or with the one about the same finding replaced: one decision a line, by the
 * finding's id, every other line as it is (`withDecision`).
 *
 * @param reviewText null when there is no such file yet
 * @throws FinePruneError `review.noSuchIssue`, `review.field` for a reason, author or day that is none; else as `readReview`
 */
export function addDecision(reviewText: string | null, report: DefenseReport, fields: DecisionFields): string {
  const { finding, date, expires } = fields;
  const [reason, author] = [oneLine(fields.reason), oneLine(fields.author)];
  checkFields({ ...fields, reason, author });
  const decision: Decision = {
    finding,
    decision: 'accept',
    reason,
    author,
    date,
    ...(expires !== undefined && { expires }),
    fingerprint: issueFingerprint(report, finding),
  };
  return withDecision(
    reviewText,
    reviewText === null ? [] : readReview(reviewText, REVIEW_FILE.ending.slice(1)).decisions,
    decision,
  );
}

function checkFields({ reason, author, date, expires }: DecisionFields): void {
  const refuse = (place: string, message: string, todo: string): never => {
    throw badInput('review.field', message, { place, todo });
  };
  if (reason === '' || reason.length > 1000)
    refuse(
      '/reason',
      `The reason must have 1 to 1000 characters; it has ${reason.length}.`,
      'Say in one sentence why this is acceptable.',
    );
  if (author === '' || author.length > 300)
    refuse('/author', "The author's name is missing or too long.", 'Set git config user.name and user.email.');
  if (!isDay(date)) refuse('/date', `${date} is not a valid date.`, 'Give a date as YYYY-MM-DD.');
  if (expires !== undefined && !isDay(expires))
    refuse('/expires', `${expires} is not a valid date.`, 'Give a date as YYYY-MM-DD.');
  if (expires !== undefined && expires < date)
    refuse(
      '/expires',
      `A decision made on ${date} that expires on ${expires} would never count.`,
      'Give a later date, or none.',
    );
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
