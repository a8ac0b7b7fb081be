import type { JSX } from 'preact';
import type { Busy } from '../state/asks';
import { useController } from '../state/context';
import { SEARCHING } from '../state/loader';
import { useView } from '../state/store';
import { percentDone } from '../../../server/protocol/words';

/** A thin bar at the top of the page, as VS Code's own views have it: it takes no room, so nothing moves. */
export function Progress(): JSX.Element | null {
  const busy = useView((view) => view.busy.main);
  if (!busy) return null;
  return (
    <progress
      class="progress-line"
      aria-label={busy.title}
      max={1}
      {...(busy.overall > 0 && { value: busy.overall })}
    />
  );
}

/** A search for a trigger takes a while, and nobody has to wait for it. */
export function CancelSearch({ busy }: { busy: Busy }): JSX.Element | null {
  const controller = useController();
  return busy.title === SEARCHING ? (
    <button type="button" class="link" onClick={() => controller.cancel()}>
      Cancel
    </button>
  ) : null;
}

/** `Analysing dense_1 … 34 %` */
export const busyText = ({ title, overall }: Busy): string =>
  `${title} …${overall > 0 ? ` ${percentDone(overall)}` : ''}`;
