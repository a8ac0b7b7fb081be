import { FinePruneError } from '../../../protocol/errors';

/** The steps an installation can fail at; each is the last word of a code `engine.install.<step>`. */
export type InstallStep =
  | 'platform'
  | 'configured'
  | 'folder'
  | 'lock'
  | 'disk'
  | 'sources'
  | 'python'
  | 'download'
  | 'checksum'
  | 'extract'
  | 'compile'
  | 'load'
  | 'tfjsNode'
  | 'publish';

const STEP_NAMES: Record<InstallStep, string> = {
  platform: 'checking the platform',
  configured: 'using the configured engine',
  folder: 'preparing the cache folder',
  lock: 'waiting for another installation',
  disk: 'checking the free space',
  sources: 'finding the sources of the binding',
  python: "looking for TensorFlow in the user's Python",
  download: 'downloading the tensorflow-cpu wheel',
  checksum: 'checking the wheel',
  extract: 'unpacking the wheel',
  compile: 'compiling the binding',
  load: 'loading the finished engine',
  tfjsNode: "running tfjs-node's own installer",
  publish: 'moving the engine into the cache',
};

/** An installation that failed at one step: names the step, the reason in one sentence, and what to do. */
export function installFailure(
  step: InstallStep,
  reason: string,
  todo: string,
  more: { file?: string; cause?: unknown } = {},
): FinePruneError {
  return new FinePruneError(
    {
      kind: 'engine',
      code: `engine.install.${step}`,
      message: `Installing the native engine failed while ${STEP_NAMES[step]}: ${reason}`,
      todo,
      ...(more.file !== undefined && { file: more.file }),
    },
    { cause: more.cause },
  );
}

/** Cancelled by the person; whatever was staged has been removed again. */
export function installCancelled(): FinePruneError {
  return new FinePruneError({
    kind: 'cancelled',
    code: 'engine.install.cancelled',
    message: 'The installation of the native engine was cancelled. Nothing was left behind.',
  });
}

/** The sentence of an error, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replace(/\.$/, '');
}
