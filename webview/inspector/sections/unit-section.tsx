import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useController } from '../state/context';
import { focusRow, focusUnit, showUnit, UNIT_ID } from '../state/focus';
import { PartFailed } from './message';
import { busyText } from './progress';
import { useView } from '../state/store';
import { UnitDetails } from './unit-details';
import { useOrder } from '../state/use-layer';
import { capital, unitWord } from '../../../server/protocol/words';

/** One unit: what it says in words, then the figures that the words rest on. */
export function UnitSection(): JSX.Element {
  const layer = useView((view) => view.layer)!;
  const chosen = useView((view) => view.choice.unit);
  const data = useView((view) => view.unit);
  const busy = useView((view) => view.busy.unit);
  const failed = useView((view) => view.failed.unit);
  const arrivals = useView((view) => view.arrivals);
  const word = unitWord(layer.layerKind);
  const fresh = data?.unit === chosen && data?.layer === layer.layer && data.state === layer.state;

  // A link led to this unit; there is room to scroll to it when its figures are there.
  const arriving = useRef(false);
  useEffect(() => {
    arriving.current = arrivals > 0;
    if (arriving.current) focusUnit();
  }, [arrivals]);
  useEffect(() => {
    if (!fresh || !arriving.current) return;
    arriving.current = false;
    showUnit();
  }, [arrivals, fresh]);

  return (
    <section
      class="unit"
      aria-labelledby={UNIT_ID}
      onKeyDown={(event) => event.key === 'Escape' && !event.defaultPrevented && focusRow()}
    >
      <div class="heading">
        <h2 id={UNIT_ID} tabIndex={-1}>
          {chosen === null ? `One ${word}` : `${capital(word)} ${chosen}`}
        </h2>
        {chosen === null ? null : <Steps unit={chosen} word={word} />}
      </div>
      {chosen === null ? <p class="quiet">Choose a {word} in the table or in the chart.</p> : null}
      {failed ? <PartFailed failure={failed} part="unit" /> : null}
      {data && !failed ? (
        // The one before stays until this one is there, so that stepping through units moves nothing.
        <div class={fresh ? '' : 'stale'} aria-busy={!fresh}>
          <UnitDetails data={data} />
        </div>
      ) : null}
      {!data && busy ? <p class="quiet">{busyText(busy)}</p> : null}
    </section>
  );
}

/** To the next and the previous unit in the table's order, and into the own mask. */
function Steps({ unit, word }: { unit: number; word: string }): JSX.Element {
  const controller = useController();
  const selected = useView((view) => view.choice.selected.includes(unit));
  const { order, rowOf } = useOrder();
  const row = rowOf[unit] ?? 0;
  const step = (by: number): void => {
    const next = order[row + by];
    if (next !== undefined) controller.bringUnit(next);
  };
  return (
    <span class="buttons">
      <vscode-button
        appearance="icon"
        aria-label={`Previous ${word} in the table`}
        title={`Previous ${word} in the table`}
        disabled={row === 0}
        onClick={() => step(-1)}
      >
        <span class="codicon codicon-chevron-left" />
      </vscode-button>
      <vscode-button
        appearance="icon"
        aria-label={`Next ${word} in the table`}
        title={`Next ${word} in the table`}
        disabled={row === order.length - 1}
        onClick={() => step(1)}
      >
        <span class="codicon codicon-chevron-right" />
      </vscode-button>
      <vscode-button appearance="secondary" onClick={() => controller.toggle(unit)}>
        {selected ? 'Remove from Custom Mask' : 'Add to Custom Mask'}
      </vscode-button>
    </span>
  );
}
