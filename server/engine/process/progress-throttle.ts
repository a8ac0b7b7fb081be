import type { EngineEvent } from '../../protocol/messages/engine';

type Progress = Extract<EngineEvent, { type: 'progress' }>;

/** Milliseconds between two progress events of one phase. */
const INTERVAL_MS = 100;

/**
 * Passes events on, progress at most ten times a second. The last progress of each phase is always passed, and before
 * any other event, so that nobody sees a stage's figures while its bar still stands at 90 %.
 *
 * @param send takes the events that are passed on
 * @param now clock in milliseconds
 */
export function throttleProgress(
  send: (event: EngineEvent) => void,
  now: () => number = () => performance.now(),
): (event: EngineEvent) => void {
  let held: Progress | undefined;
  let lastPhase: string | undefined;
  let lastAt = -Infinity;

  const pass = (event: Progress): void => {
    held = undefined;
    lastPhase = event.phase;
    lastAt = now();
    send(event);
  };

  return (event) => {
    if (event.type !== 'progress') {
      if (held) pass(held);
      send(event);
      return;
    }
    if (held && held.phase !== event.phase) pass(held);
    const ends = event.step >= event.total;
    if (ends || event.phase !== lastPhase || now() - lastAt >= INTERVAL_MS) pass(event);
    else held = event;
  };
}
