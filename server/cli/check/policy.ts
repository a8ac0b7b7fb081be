import * as v from 'valibot';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { contains } from '../../engine/files/confine';
import { ReadFault, readText } from '../../engine/files/read';
import { parseStrictJson } from '../../engine/report/json/strict-json';
import { GatesConfig, type ResolvedConfig } from '../../protocol/config/config';
import { badInput } from '../../protocol/errors';
import { pointerOf } from '../../protocol/shape/pointer';
import { CheckPolicy } from '../../protocol/policy';
import type { CheckedReport, Decision } from '../../protocol/report/review';
import { faultSentence, firstFault } from '../../protocol/shape/shape-fault';
import type { AtBase } from './base/base';
import { insideOf, notRegular } from './base/head';
import type { Base, CheckContext } from './context';
import type { Repository } from '../git';

/** A policy is some dozen lines with decisions of a sentence each. */
export const MAX_POLICY_BYTES = 1 << 20;
const TODO = 'Write a policy as described in docs/review.md: schemaVersion 2, then gates, decisions or both.';

/**
 * Reads a policy's text.
 * @throws FinePruneError `policy.…` with its place
 */
export function readPolicy(text: string, file: string): CheckPolicy {
  const value = parseStrictJson(text, file, { code: 'policy', noun: 'policy', todo: TODO, maxBytes: MAX_POLICY_BYTES });
  const fault = firstFault(CheckPolicy, value);
  if (fault)
    throw badInput('policy.schema', faultSentence(fault), { file, place: pointerOf(fault.path) || '/', todo: TODO });
  return value as CheckPolicy;
}

/**
 * The policy that an option names. With a base revision, a file inside the repository is read from there: the change that is
 * checked can't rewrite it, nor lead elsewhere by a link in its place.
 * @throws FinePruneError `policy.…`, with `policy.notAtBase` for one that the base does not have
 */
export async function openPolicy(
  named: string,
  { cwd, repository, base }: Pick<CheckContext, 'cwd' | 'repository' | 'base'>,
): Promise<NonNullable<CheckContext['policy']>> {
  const asked = path.resolve(cwd, named);
  const inside = repository && (await insideOf(repository, asked));
  if (base && repository && inside !== null) return policyAtBase(inside, base, repository);
  const file = inside === null ? await realpath(asked).catch(() => asked) : asked;
  if (repository && (inside !== null || contains(repository.root, file))) {
    const fault = await notRegular(repository.root, file);
    if (base || fault?.includes('symbolic link'))
      throw badInput('path.link', `The policy ${named} ${fault ?? 'is a symbolic link into the repository'}.`, {
        file: asked,
        todo: 'Name the file itself.',
      });
  }
  return { text: readPolicy(await textOf(file), file), source: named, inside: null };
}

/** @throws FinePruneError `policy.missing`, `policy.tooLarge` */
async function textOf(file: string): Promise<string> {
  try {
    return await readText(file, MAX_POLICY_BYTES);
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    if (error.reason === 'tooLarge')
      throw badInput('policy.tooLarge', `The policy has ${error.size} bytes; at most ${MAX_POLICY_BYTES} are read.`, {
        file,
        todo: TODO,
      });
    throw badInput(
      'policy.missing',
      error.reason === 'missing' ? 'There is no such policy file.' : `The policy can't be read. ${error.message}`,
      { file, todo: 'Correct the path after --policy.' },
    );
  }
}

async function policyAtBase(
  inside: string,
  base: Base,
  repository: Repository,
): Promise<NonNullable<CheckContext['policy']>> {
  const id = base.files.get(inside);
  if (id === undefined)
    throw badInput(
      'policy.notAtBase',
      `${base.ref} has no policy ${inside} that is a regular file; one added by the change being checked does not count.`,
      {
        file: path.join(repository.root, ...inside.split('/')),
        todo: 'Merge the policy first, or name one outside the repository.',
      },
    );
  const source = `${base.ref}:${inside}`;
  return {
    text: readPolicy((await repository.read(id, MAX_POLICY_BYTES)).toString('utf8'), source),
    source,
    inside,
  };
}

/** The gates and decisions that one report is judged by. */
export interface EffectivePolicy {
  gates: ResolvedConfig['gates'];
  decisions: Decision[];
  source: CheckedReport['policy'];
  /** Where the gates come from, in words for people. */
  words: string;
}

type Gates = ResolvedConfig['gates'];

/**
 * From strong to weak: a policy file; the base revision; the defaults, for a report that the base does not have; and what lies in
 * the working folder, when nobody named a base or a policy. A limit that the change itself makes stricter holds too.
 */
export function effectivePolicy(
  context: Pick<CheckContext, 'base' | 'policy'>,
  head: ResolvedConfig | null,
  worktree: readonly Decision[],
  before: AtBase,
): EffectivePolicy {
  const { base, policy } = context;
  const own = head?.gates ?? DEFAULT_GATES;
  if (!base && !policy)
    return {
      gates: own,
      decisions: [...worktree],
      source: { source: 'worktree', ref: null },
      words: 'gates and decisions are those of the working folder',
    };
  const gates = strictest({ ...(before.config?.gates ?? DEFAULT_GATES), ...policy?.text.gates }, own);
  const decisions = policy?.text.decisions ?? before.decisions;
  if (policy)
    return {
      gates,
      decisions,
      source: { source: 'file', ref: policy.source },
      words: `gates and decisions are those of ${policy.source}`,
    };
  const words = before.config
    ? `gates and decisions are those of ${base!.ref}`
    : `${base!.ref} has no config of this name, so the default gates apply`;
  return { gates, decisions, source: { source: 'base', ref: base!.ref }, words };
}

function strictest(a: Gates, b: Gates): Gates {
  return {
    maxAttackSuccessRate: Math.min(a.maxAttackSuccessRate, b.maxAttackSuccessRate),
    maxAccuracyDrop: Math.min(a.maxAccuracyDrop, b.maxAccuracyDrop),
    acceptEstimated: a.acceptEstimated && b.acceptEstimated,
  };
}

/** Gates of a config that says nothing of them. */
export const DEFAULT_GATES: Gates = v.getDefaults(GatesConfig);
