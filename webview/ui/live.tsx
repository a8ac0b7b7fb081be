import type { JSX } from 'preact';
import { useCallback, useState } from 'preact/hooks';

/** What is said, and whether at once. */
export interface Spoken {
  text: string;
  urgent: boolean;
  /** Grows with each message, so that the same words are said again. */
  turn: number;
}

/** `say` puts a text into the region; the last one stays. */
export function useLive(): { spoken: Spoken; say(text: string, urgent?: boolean): void } {
  const [spoken, setSpoken] = useState<Spoken>({ text: '', urgent: false, turn: 0 });
  const say = useCallback(
    (text: string, urgent = false) => setSpoken(({ turn }) => ({ text, urgent, turn: turn + 1 })),
    [],
  );
  return { spoken, say };
}

/**
 * Tells screen readers what changed. Both regions stand in the page from the start: one that comes with its text is not read.
 * Place it once a page.
 */
export function LiveRegion({ spoken }: { spoken: Spoken }): JSX.Element {
  const text = <span key={spoken.turn}>{spoken.text}</span>;
  return (
    <div class="fp-unseen">
      <div role="status" aria-live="polite">
        {spoken.urgent ? null : text}
      </div>
      <div role="alert" aria-live="assertive">
        {spoken.urgent ? text : null}
      </div>
    </div>
  );
}
