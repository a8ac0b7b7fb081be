import type { EngineEvent } from '../../protocol/messages/engine';
import { INTERVAL_MS, Throttle } from './throttle';

type Progress = Extract<EngineEvent, { type: 'progress' }>;

/**
 * Passes events on, progress at most ten times a second. The last progress of each phase is always passed, and before
 * any other event, so that nobody sees a stage's figures while its bar is still at 90 %.
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
  const throttle = new Throttle(INTERVAL_MS, now);

  const pass = (event: Progress): void => {
    held = undefined;
    lastPhase = event.phase;
    throttle.passes(true);
    send(event);
  };

  return (event) => {
    if (event.type !== 'progress') {
      if (held) pass(held);
      send(event);
      return;
    }
    if (held && held.phase !== event.phase) pass(held);
    if (throttle.passes(event.step >= event.total || event.phase !== lastPhase)) pass(event);
    else held = event;
  };
}
