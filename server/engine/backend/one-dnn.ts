import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { FinePruneError, type Failure } from '../../protocol/errors';
import { canonicalJson, sha256 } from '../files/hash';
import { readText } from '../files/read';
import { writeFileAtomically } from '../files/write';
import { thisCpu } from './cpu';
import { cacheFolder, type NativeEngineStatus } from './native-sources';

/**
 * Whether oneDNN's kernels run. They are up to twice as fast, and on some CPUs wrong or fatal (pytorch/pytorch#177227,
 * tensorflow/tensorflow#57749). TensorFlow reads the choice once per process, so that a process in which they fail has to give way
 * to another one without them. This file is the one place that knows when, and what was found on this machine before.
 */

/** What went wrong with oneDNN on: the self-test found a wrong figure, or the process died of a signal. */
export type OneDnnFault = 'self-test' | 'SIGFPE' | 'SIGILL';

const FAULTS: Record<OneDnnFault, string> = {
  'self-test': 'the native engine computes wrong results on this machine',
  SIGFPE: 'the native engine crashes on this machine (SIGFPE)',
  SIGILL: 'the native engine crashes on this machine (SIGILL)',
};

/** TensorFlow's variable, and ours: by what fault the process before this one ended. */
const [CHOICE, FAULT] = ['TF_ENABLE_ONEDNN_OPTS', 'FINE_PRUNE_ONEDNN_FAULT'];

/** As a person set it, before this process sets it for TensorFlow; undefined where nobody did. */
const asked = chosenIn(process.env);
const inherited = faultNamed(process.env[FAULT]);

/** Raised when other kernels are asked of oneDNN: what was found with the earlier ones does not count then. */
const VERSION = 1;
const MOST_NOTE_BYTES = 65_536;

export interface OneDnnSetting {
  on: boolean;
  /** Why it is off; null where it is on, or somebody chose. */
  fault: OneDnnFault | null;
  /** Whether a person or the caller chose, so that it stays like that. */
  chosen: boolean;
}

/**
 * What holds for an engine in this process: what the caller or the environment says; else off where it failed before, in the process
 * that this one replaces or, by what is remembered, on this machine; else on.
 */
export async function oneDnnSetting(engine: NativeEngineStatus, wanted: boolean | undefined): Promise<OneDnnSetting> {
  if (wanted !== undefined) return { on: wanted, fault: null, chosen: true };
  if (inherited) return { on: false, fault: inherited, chosen: false };
  if (asked !== undefined) return { on: asked, fault: null, chosen: true };
  const fault = await rememberedFault(engine);
  return { on: fault === null, fault, chosen: false };
}

/** One sentence on why oneDNN is off; null where it is on. */
export function whyOff({ on, fault, chosen }: OneDnnSetting): string | null {
  if (on) return null;
  if (fault) return `oneDNN is off: with it, ${FAULTS[fault]}.`;
  return chosen && asked === false ? `oneDNN is off, as ${CHOICE} says.` : 'oneDNN is off, as requested.';
}

/** Variables for a process: without `fault` what the environment of this one had, with it oneDNN off and why. */
export function oneDnnEnvironment(fault: OneDnnFault | null): NodeJS.ProcessEnv {
  if (fault) return { [CHOICE]: '0', [FAULT]: fault };
  return { [CHOICE]: asked === undefined ? undefined : asked ? '1' : '0', [FAULT]: undefined };
}

/** How a process ended: by a failure that it reported, or without a word. */
export interface ProcessEnd {
  failure?: Failure | undefined;
  code?: number | null;
  signal?: NodeJS.Signals | null;
}

/** The fault for which a process is to be started again without oneDNN; null where that would not help, or somebody chose oneDNN. */
export function oneDnnFaultOf({ failure, code, signal }: ProcessEnd, env?: NodeJS.ProcessEnv): OneDnnFault | null {
  if ((env ? chosenIn(env) : asked) !== undefined) return null;
  if (failure) return failure.code === 'engine.oneDnn' ? 'self-test' : null;
  // A shell between us and the process turns a signal into 128 + its number.
  if (signal === 'SIGFPE' || code === 136) return 'SIGFPE';
  return signal === 'SIGILL' || code === 132 ? 'SIGILL' : null;
}

/** Says in a log what is done about a fault. @param message what the process said of its failure */
export function retryMessage(fault: OneDnnFault, message: string): string {
  const what =
    fault === 'self-test'
      ? message.replace(/\.?$/, '.')
      : `The engine crashed (${fault}), which oneDNN is known to cause on some CPUs.`;
  return `${what} It is being restarted with oneDNN off.`;
}

/** The failed self-test of a process in which oneDNN is on although nobody asked for it. */
export function oneDnnSuspected(selfTest: FinePruneError): FinePruneError {
  const todo = `Set ${CHOICE}=0 in the environment, which turns oneDNN off.`;
  return new FinePruneError(
    { kind: 'engine', code: 'engine.oneDnn', message: `With oneDNN on: ${selfTest.message}`, todo },
    { cause: selfTest },
  );
}

let unconfirmed: (() => Promise<void>) | undefined;

/** The engine of this process started without oneDNN because of a fault: if it does its work, that was it. */
export function expectConfirmation(engine: NativeEngineStatus): void {
  if (inherited) unconfirmed = () => rememberFault(engine, inherited);
}

/** The process has done its work: what the one before died of is remembered for this machine and engine. */
export async function confirmOneDnnFault(): Promise<void> {
  const remember = unconfirmed;
  unconfirmed = undefined;
  // A cache that can't be written costs another restart, never a result.
  await remember?.().catch(() => undefined);
}

/** The fault that was found on this machine with this very engine; null for none, or a note that can't be read. */
export async function rememberedFault(
  engine: NativeEngineStatus,
  env?: NodeJS.ProcessEnv,
): Promise<OneDnnFault | null> {
  try {
    const { fault } = JSON.parse(await readText((await noteOf(engine, env)).file, MOST_NOTE_BYTES)) as {
      fault?: unknown;
    };
    return faultNamed(fault);
  } catch {
    return null;
  }
}

/** Notes a fault for this machine and this very engine, whole or not at all. */
export async function rememberFault(
  engine: NativeEngineStatus,
  fault: OneDnnFault,
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  const { file, about } = await noteOf(engine, env);
  await writeFileAtomically(file, `${JSON.stringify({ fault, ...about }, null, 2)}\n`);
}

/** Forgets all faults, so that the next process tries oneDNN again. */
export async function forgetFaults(env?: NodeJS.ProcessEnv): Promise<void> {
  await rm(notesFolder(env), { recursive: true, force: true });
}

function notesFolder(env?: NodeJS.ProcessEnv): string {
  return path.join(cacheFolder(env), 'one-dnn');
}

/** One file for each machine and engine: a home folder may serve several machines. The engine's path does not matter. */
async function noteOf(
  { path: binding, tensorflowVersion }: NativeEngineStatus,
  env?: NodeJS.ProcessEnv,
): Promise<{ file: string; about: object }> {
  const { size, mtimeMs } = await stat(binding ?? '');
  const about = {
    version: VERSION,
    cpu: await thisCpu(),
    binding: { bytes: size, modified: Math.round(mtimeMs) },
    tensorflow: tensorflowVersion ?? null,
  };
  return { file: path.join(notesFolder(env), `${sha256(canonicalJson(about)).slice(0, 32)}.json`), about };
}

/** As TensorFlow reads it; what it does not understand counts as not said. */
function chosenIn(env: NodeJS.ProcessEnv): boolean | undefined {
  const value = env[CHOICE]?.toLowerCase() ?? '';
  return ['1', 'true'].includes(value) ? true : ['0', 'false'].includes(value) ? false : undefined;
}

function faultNamed(value: unknown): OneDnnFault | null {
  return typeof value === 'string' && Object.hasOwn(FAULTS, value) ? (value as OneDnnFault) : null;
}
