import path from 'node:path';
import { canonicalJson } from '../../../engine/files/hash';
import { readText } from '../../../engine/files/read';
import { FinePruneError } from '../../../protocol/errors';
import type { CheckPolicy } from '../../../protocol/policy';
import type { CheckResult } from '../../../protocol/report/review';
import { percent } from '../../../protocol/words';
import { warn, type CheckContext } from '../context';
import { MAX_POLICY_BYTES, readPolicy } from '../policy';
import { policyWaivers } from './waivers';
import { notRegular } from './head';
import { termFail } from './waive';

const LIMITS = ['maxAttackSuccessRate', 'maxAccuracyDrop'] as const;

/**
 * What a change does to the policy that it is judged by. The base's own counts; that it is deleted, or asks for less, is said before a next
 * change makes use of it.
 */
export async function policyTerms(context: CheckContext): Promise<CheckResult[]> {
  const { policy, base, repository } = context;
  if (!policy || policy.inside === null || !base || !repository) return [];
  const { inside, text: before } = policy;
  const told = (result: CheckResult): CheckResult => ({ ...result, file: inside });
  const gone = (how: string): CheckResult[] => [
    told(
      termFail(
        'policy.policyRemoved',
        `The policy ${inside} of ${base.ref} ${how}: put it back as a regular file.`,
        { policy: inside, before: base.files.get(inside), how },
        policyWaivers(context),
      ),
    ),
  ];
  const file = path.join(repository.root, ...inside.split('/'));
  const fault = await notRegular(repository.root, file);
  if (fault) return gone(`${fault} after this change`);
  let now: CheckPolicy;
  try {
    now = readPolicy(await readText(file, MAX_POLICY_BYTES), inside);
  } catch (error) {
    if (!(error instanceof FinePruneError)) throw error;
    return gone(`can't be read after this change (${error.message})`);
  }
  const looser = LIMITS.filter((limit) => {
    const [then, here] = [before.gates?.[limit], now.gates?.[limit]];
    return then !== undefined && (here === undefined || here > then);
  });
  const estimated = before.gates?.acceptEstimated !== true && now.gates?.acceptEstimated === true;
  const dropped = (before.requireReports ?? []).filter((glob) => !now.requireReports?.includes(glob));
  const waivers = policyWaivers(context);
  const subject = { policy: inside, before: before.gates ?? null, now: now.gates ?? null };
  return [
    ...looser.map((limit) =>
      termFail(
        'policy.gateLoosened',
        `The policy ${inside} loosens ${limit} in this change, from ${percent(before.gates![limit]!)} to ${now.gates?.[limit] === undefined ? 'none' : percent(now.gates[limit])}; that of ${base.ref} is applied.`,
        { ...subject, limit },
        waivers,
      ),
    ),
    ...(estimated
      ? [
          termFail(
            'policy.gateLoosened',
            `The policy ${inside} makes estimated triggers count in this change (acceptEstimated); in ${base.ref} they don't, so they don't count here either.`,
            { ...subject, limit: 'acceptEstimated' },
            waivers,
          ),
        ]
      : []),
    ...(before.acceptNothingFound === false && now.acceptNothingFound !== false
      ? [
          termFail(
            'policy.gateLoosened',
            `The policy ${inside} lets models pass in which a scan finds nothing (acceptNothingFound); that of ${base.ref} does not, and is applied.`,
            { policy: inside, limit: 'acceptNothingFound' },
            waivers,
          ),
        ]
      : []),
    ...(dropped.length
      ? [
          termFail(
            'policy.requirementDropped',
            `The policy ${inside} requires no reports of ${dropped.join(', ')} any more; that of ${base.ref} does, and is applied.`,
            { policy: inside, dropped },
            waivers,
          ),
        ]
      : []),
    ...decisions(before, now, inside, base.ref),
  ].map(told);
}

function decisions(before: CheckPolicy, now: CheckPolicy, inside: string, ref: string): CheckResult[] {
  const known = new Set((before.decisions ?? []).map((one) => canonicalJson(one)));
  return (now.decisions ?? [])
    .filter((one) => !known.has(canonicalJson(one)))
    .map((one) =>
      warn(
        'policy.decisionAdded',
        `A decision about ${one.finding} was added to ${inside} in this change, by ${one.author}: it counts once it is in ${ref}, not before.`,
      ),
    );
}
