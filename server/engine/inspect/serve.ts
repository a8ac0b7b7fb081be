import type { InspectCommand, InspectEvent } from '../../protocol/messages/inspect-engine';
import { cancelled, FinePruneError } from '../../protocol/errors';
import { confirmOneDnnFault } from '../backend/one-dnn';
import { toFailure } from '../process/failure';
import { Inspections } from './inspections';
import { Throttle } from '../process/throttle';

type Query = Extract<InspectCommand, { type: 'query' }>;

/**
 * Answers questions one at a time in the order in which they come. A question that is cancelled while it waits is refused at once,
 * one that is being answered within one batch. Whatever goes wrong with one of them, the next ones are answered.
 */
export function serveInspections(send: (event: InspectEvent) => void): { handle(command: InspectCommand): void } {
  const inspections = new Inspections();
  const waiting = new Map<number, Query>();
  let current: { id: number; aborter: AbortController } | undefined;

  const refuse = (id: number, error: unknown): void => {
    if (error instanceof Error && !(error instanceof FinePruneError))
      process.stderr.write(`${error.stack ?? error.message}\n`);
    send({ type: 'refused', id, failure: toFailure(error) });
  };

  const answer = async ({ id, subject, query }: Query, signal: AbortSignal): Promise<void> => {
    const throttle = new Throttle();
    let title = '';
    const told = (what: string, overall: number): void => {
      if (!throttle.passes(what !== title)) return;
      title = what;
      send({ type: 'progress-query', id, title: what, overall });
    };
    try {
      const found = await inspections.answer(subject, query, told, signal);
      await confirmOneDnnFault();
      send({ type: 'answer', id, answer: found });
    } catch (error) {
      refuse(id, error);
    }
  };

  const answerAll = async (): Promise<void> => {
    for (const query of waiting.values()) {
      waiting.delete(query.id);
      const aborter = new AbortController();
      current = { id: query.id, aborter };
      await answer(query, aborter.signal);
      current = undefined;
    }
  };

  return {
    handle(command) {
      if (command.type === 'query') {
        waiting.set(command.id, command);
        if (!current) void answerAll();
      } else if (command.type === 'cancel-query') {
        if (current?.id === command.id) current.aborter.abort();
        else if (waiting.delete(command.id)) refuse(command.id, cancelled());
      }
    },
  };
}
