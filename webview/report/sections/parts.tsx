import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Failure } from '../../../server/protocol/errors';
import { toCsv } from '../../ui/charts/export';
import type { ChartTable, Exported } from '../../ui/charts/figure';
import type { Sign } from '../words';

/** What the pages of a report and of a comparison are made of. */

export const Icon = ({ name }: { name: string }): JSX.Element => (
  <span class={`codicon codicon-${name}`} aria-hidden="true" />
);

/** An icon and its word: colour is never alone. */
export const Signed = ({ sign: { icon, text } }: { sign: Sign }): JSX.Element => (
  <span class="signed">
    <Icon name={icon} /> {text}
  </span>
);

export function Section({
  title,
  tools,
  children,
}: {
  title: string;
  tools?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div class="heading">
        <h2 id={id}>{title}</h2>
        {tools ? <span class="buttons">{tools}</span> : null}
      </div>
      {children}
    </section>
  );
}

/** Something that a person should know before they trust what is below. */
export function Bar({ icon, children }: { icon: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="bar">
      <Icon name={icon} />
      {children}
    </div>
  );
}

/** A table that scrolls sideways by itself, by keyboard too. */
export function Scroll({
  label,
  tall,
  children,
}: {
  label: string;
  tall?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class={tall ? 'scroll tall' : 'scroll'} role="region" tabIndex={0} aria-label={label}>
      {children}
    </div>
  );
}

export function SaveTable({
  label,
  name,
  table,
  onSave,
}: {
  label: string;
  name: string;
  table(): ChartTable;
  onSave(exported: Exported): void;
}): JSX.Element {
  const text = `Save ${label} as CSV`;
  return (
    <button
      type="button"
      class="fp-icon-button"
      aria-label={text}
      title={text}
      onClick={() => onSave({ name, format: 'csv', content: toCsv(table()) })}
    >
      <Icon name="save" />
    </button>
  );
}

/** What can't be shown, why, where, and what to do. */
export function Broken({
  title,
  failure,
  about,
  children,
}: {
  title: string;
  failure: Failure;
  about?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="message">
      <h1>
        <Icon name="error" /> {title}
      </h1>
      <p>{failure.message}</p>
      {failure.file || failure.place ? (
        <p class="quiet">{[failure.file, failure.place].filter(Boolean).join(' · ')}</p>
      ) : null}
      {failure.todo ? <p>{failure.todo}</p> : null}
      {about}
      <div class="buttons">{children}</div>
    </div>
  );
}
