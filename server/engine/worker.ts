import type { EngineCommand, EngineEvent } from '../protocol/messages/engine';
import type { InspectCommand } from '../protocol/messages/inspect-engine';
import { FinePruneError } from '../protocol/errors';
import { toFailure } from './process/failure';
import { watchParent } from './process/parent-watch';
import { throttleProgress } from './process/progress-throttle';

/**
 * Entry of the engine process: one command comes in, events go out, the process ends; or, after `inspect`, questions are answered
 * for as long as the parent wants. It is a process of its own since TensorFlow's ops block their thread and its native code can abort.
 */
function main(): void {
  if (!process.send) {
    process.stderr.write('This is the engine of Fine-Prune; it is started by `fine-prune` or by the editor.\n');
    process.exitCode = 2;
    return;
  }
  const stopping = new AbortController();
  const stopWatching = watchParent(() => stopping.abort());
  // Ctrl-C in a terminal reaches every process of its group; the parent tells us what it means.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

  const send = (event: EngineEvent): Promise<void> =>
    new Promise((resolve) => {
      if (process.connected) process.send?.(event, undefined, undefined, () => resolve());
      else resolve();
    });
  const emit = throttleProgress((event) => void send(event));
  const end = async (last: EngineEvent): Promise<void> => {
    await send(last);
    stopWatching();
    process.exit(0);
  };
  const fail = (error: unknown): void => {
    // What was foreseen says all it has to say; of the rest, the stack goes to the log.
    if (error instanceof Error && !(error instanceof FinePruneError))
      process.stderr.write(`${error.stack ?? error.message}\n`);
    void end({ type: 'failed', failure: toFailure(error) });
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  let started = false;
  let inspecting: Promise<{ handle(command: InspectCommand): void }> | undefined;
  process.on('message', (command: EngineCommand | InspectCommand) => {
    if (command.type === 'cancel') stopping.abort();
    else if (command.type === 'inspect') {
      started = true;
      inspecting = inspect(stopping.signal);
      inspecting.catch(fail);
    } else if (command.type === 'query' || command.type === 'cancel-query')
      void inspecting?.then(
        (server) => server.handle(command),
        () => undefined,
      );
    else if (!started) {
      started = true;
      perform(command, emit, stopping.signal).then(confirmed).then(end, fail);
    }
  });
  void send({ type: 'ready' });
}

/** Loads the engine only now: its 2 s of module loading must not delay the watch over the parent. */
async function perform(
  command: Exclude<EngineCommand, { type: 'cancel' }>,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<EngineEvent> {
  if (command.type === 'run') {
    const { runDefense } = await import('./tasks/run');
    return { type: 'done', outcome: await runDefense(command.request, emit, signal) };
  }
  if (command.type === 'measure') {
    const { measureAgain } = await import('./tasks/measure');
    return { type: 'measured', outcome: await measureAgain(command.request, emit, signal) };
  }
  if (command.type === 'scan') {
    const { runScan } = await import('./tasks/scan');
    return { type: 'scanned', outcome: await runScan(command.request, emit, signal) };
  }
  const { poisonTrain } = await import('./tasks/poison-train');
  return { type: 'poison-trained', outcome: await poisonTrain(command.request, emit, signal) };
}

/** A process that does without oneDNN what another one died of has shown why. */
async function confirmed(outcome: EngineEvent): Promise<EngineEvent> {
  const { confirmOneDnnFault } = await import('./backend/one-dnn');
  await confirmOneDnnFault();
  return outcome;
}

/** Answers the inspector's questions until the parent lets go. */
async function inspect(ending: AbortSignal): Promise<{ handle(command: InspectCommand): void }> {
  ending.addEventListener('abort', () => process.exit(0));
  const { serveInspections } = await import('./inspect/serve');
  return serveInspections((event) => {
    if (process.connected) process.send?.(event);
  });
}

main();
