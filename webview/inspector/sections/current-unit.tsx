import type { JSX } from 'preact';
import { focusUnit } from '../state/focus';
import { useView } from '../state/store';
import { capital, unitWord } from '../../../server/protocol/words';

/** Where the details stand far below the table: what they say of the current row, in one sentence, and the way there. */
export function CurrentUnit(): JSX.Element | null {
  const layer = useView((view) => view.layer)!;
  const chosen = useView((view) => view.choice.unit);
  const data = useView((view) => view.unit);
  if (chosen === null) return null;
  const fresh = data?.unit === chosen && data.layer === layer.layer && data.state === layer.state;
  return (
    <p class="current-unit" aria-hidden="true">
      <span>
        <strong>
          {capital(unitWord(layer.layerKind))} {chosen}
        </strong>{' '}
        <span class={fresh ? '' : 'stale'}>{data?.sentence}</span>
      </span>{' '}
      <button type="button" class="link" tabIndex={-1} onClick={focusUnit}>
        Details
      </button>
    </p>
  );
}
