import type { InspectCommand, InspectEvent } from '../../protocol/inspect';
import { cancelled } from '../../protocol/errors';
import { toFailure } from '../failure';
import { Inspections } from './inspections';

/** Milliseconds between two progress events of one question. */
const INTERVAL_MS = 100;

type Query = Extract<InspectCommand, { type: 'query' }>;

/** Answers questions in the order in which they come; one that was cancelled while it waited is refused without any work. */
export function serveInspections(send: (event: InspectEvent) => void): { handle(command: InspectCommand): void } {
  const inspections = new Inspections();
  const waiting = new Map<number, AbortController>();
  let last = Promise.resolve();

  const perform = async ({ id, subject, query }: Query, signal: AbortSignal): Promise<void> => {
    let sent = -Infinity;
    let title = '';
    const told = (what: string, overall: number): void => {
      const now = performance.now();
      if (what === title && now - sent < INTERVAL_MS) return;
      [title, sent] = [what, now];
      send({ type: 'progress-query', id, title: what, overall });
    };
    try {
      if (signal.aborted) throw cancelled();
      inspections.nativeBinding ??= subject.nativeBinding;
      send({ type: 'answer', id, answer: await inspections.answer(subject, query, told, signal) });
    } catch (error) {
      const failure = toFailure(error);
      if (failure.kind === 'engine' && error instanceof Error) process.stderr.write(`${error.stack ?? error.message}\n`);
      send({ type: 'refused', id, failure });
    } finally {
      waiting.delete(id);
    }
  };

  return {
    handle(command) {
      if (command.type === 'cancel-query') waiting.get(command.id)?.abort();
      else if (command.type === 'query') {
        const aborter = new AbortController();
        waiting.set(command.id, aborter);
        last = last.then(() => perform(command, aborter.signal));
      }
    },
  };
}
