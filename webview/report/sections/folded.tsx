import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { useActions } from '../actions';

/** A section that a person folds, and finds again as they left it. Folded, it draws nothing. */
export function Folded({
  id,
  title,
  children,
}: {
  id: string;
  title: string;
  children: ComponentChildren;
}): JSX.Element {
  const { isOpen, setOpen } = useActions();
  const label = useId();
  const open = isOpen(id);
  return (
    <section aria-labelledby={label}>
      <details class="folded" open={open} onToggle={(event) => setOpen(id, event.currentTarget.open)}>
        <summary>
          <h2 id={label}>{title}</h2>
        </summary>
        {open ? children : null}
      </details>
    </section>
  );
}
