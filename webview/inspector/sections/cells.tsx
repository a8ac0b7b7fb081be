import type { JSX } from 'preact';
import type { LayerData } from '../../../server/protocol/messages/inspect';

/** What stands in the cells of the table of units. */

export function Box({ checked }: { checked: boolean }): JSX.Element {
  return <span class={`box codicon${checked ? ' codicon-check checked' : ''}`} aria-hidden="true" />;
}

export function Mean({
  value,
  text,
  bar,
}: {
  value: number;
  text: (value: number) => string;
  bar: { kind: string; share: number } | null;
}): JSX.Element {
  return (
    <span class="mean">
      {bar ? (
        <span class="track" aria-hidden="true">
          <span class={`bar-${bar.kind}`} style={{ width: `${bar.share * 100}%` }} />
        </span>
      ) : null}
      <span>{text(value)}</span>
    </span>
  );
}

/** What is special about a unit: an icon and a word, so that colour is never alone. */
export function Marks({ layer, unit, goes }: { layer: LayerData; unit: number; goes: boolean }): JSX.Element {
  const would = goes && layer.state === 'before';
  const is = layer.pruned[unit] ? 'pruned' : layer.dead[unit] ? 'dead' : null;
  return (
    <span class="marks">
      {would ? <Mark icon="trash" text="prune" title="Would be pruned: it is among those chosen above" /> : null}
      {is ? (
        <Mark
          icon={is === 'pruned' ? 'circle-slash' : 'circle-outline'}
          text={is}
          title={is === 'pruned' ? 'Pruned in this model' : 'Constant over all clean images'}
          short={would}
        />
      ) : null}
    </span>
  );
}

function Mark({
  icon,
  text,
  title,
  short = false,
}: {
  icon: string;
  text: string;
  title: string;
  short?: boolean;
}): JSX.Element {
  return (
    <span class={`mark ${text}`} title={title}>
      <span class={`codicon codicon-${icon}`} aria-hidden="true" />
      <span class={short ? 'fp-unseen' : undefined}>{text}</span>
    </span>
  );
}
