import { REVIEW_FILE } from '../../../protocol/files';
import type { CheckContext } from '../context';
import type { AtBase } from './base';
import type { Waivers } from './waive';

/** The decisions that can waive a change of a report's terms: those of the policy where it has any, else those that the base has beside it. */
export function waiversOf({ decisions, stem }: Pick<AtBase, 'decisions' | 'stem'>, context: CheckContext): Waivers {
  const { policy, base, today } = context;
  if (policy?.text.decisions || stem === null) return policyWaivers(context);
  return { decisions, place: `${REVIEW_FILE.named(stem)} of ${base?.ref ?? 'the base'}`, today };
}

/** The same of what belongs to no report of the base. */
export function policyWaivers({ policy, base, today }: Pick<CheckContext, 'policy' | 'base' | 'today'>): Waivers {
  return {
    decisions: policy?.text.decisions ?? [],
    place: policy ? policy.source : `a policy (--policy) of ${base?.ref ?? 'the repository'}`,
    today,
  };
}
