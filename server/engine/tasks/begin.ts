import type { EngineEvent } from '../../protocol/messages/engine';
import { selectBackend, type BackendInfo, type BackendRequest } from '../backend/select';
import type { Progress } from '../process/progress';

/**
 * What every task begins with: the engine that computes, and an event that says which one it is and why.
 * @throws FinePruneError of kind `engine` when no backend works
 */
export async function beginEngine(
  {
    choice,
    threads,
    nativeBinding,
  }: { choice: BackendRequest['choice']; threads: number; nativeBinding?: string | undefined },
  progress: Progress,
  emit: (event: EngineEvent) => void,
): Promise<BackendInfo> {
  progress.begin('engine', 1);
  const backend = await selectBackend({ choice, threads, ...(nativeBinding && { configuredPath: nativeBinding }) });
  emit({ type: 'backend', ...shownBackend(backend) });
  return backend;
}

/** The engine as a task's outcome has it. */
export function shownBackend({ name, why, version }: BackendInfo): Pick<BackendInfo, 'name' | 'why' | 'version'> {
  return { name, why, version };
}
