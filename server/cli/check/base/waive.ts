import { canonicalJson, sha256 } from '../../../engine/files/hash';
import type { CheckResult, Decision, TermId } from '../../../protocol/report/review';
import { fail, warn } from '../context';

/** By whom and where something can be waived. */
export interface Waivers {
  /** Decisions of the base, or of the policy. */
  readonly decisions: readonly Decision[];
  /** Where such a decision is put, for people: `demo.defense-review.json of main`. */
  readonly place: string;
  /** YYYY-MM-DD. */
  readonly today: string;
}

/** What a decision about a change of terms is about, as 16 hexadecimal digits: what the base has, and what the change makes of it. */
export function termFingerprint(id: TermId, subject: object): string {
  return sha256(canonicalJson({ id, subject })).slice(0, 16);
}

/**
 * A change of what the base vouched for: it fails the check, unless somebody has said on the base that exactly this may be done.
 * @param subject JSON value that says what changes into what: another change needs another decision
 */
export function termFail(
  id: TermId,
  message: string,
  subject: object,
  { decisions, place, today }: Waivers,
  pointer?: string,
): CheckResult {
  const fingerprint = termFingerprint(id, subject);
  const about = decisions.filter((one) => one.finding === id && one.fingerprint === fingerprint);
  const decision = about.find(({ expires }) => expires === undefined || expires >= today);
  if (decision)
    return {
      ...warn(
        id,
        `${message} Accepted on the base: ${decision.reason} (${decision.author}, ${decision.date})`,
        pointer,
      ),
      fingerprint,
    };
  const expired = about.length ? ` A decision about it has expired (${about[0]!.expires}).` : '';
  const how = ` If it is meant, merge a decision about ${id} with the fingerprint ${fingerprint} into ${place} first.`;
  return { ...fail(id, `${message}${expired}${how}`, pointer), fingerprint };
}
