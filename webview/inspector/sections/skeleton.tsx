import type { JSX } from 'preact';
import { busyText, CancelSearch, Progress } from './progress';
import { useView } from '../state/store';

/** The page before there are figures: what is being done, how far it is, and where things will stand. */
export function Skeleton(): JSX.Element {
  const busy = useView((view) => view.busy.main);
  const name = useView((view) => view.overview?.name ?? view.init?.name ?? '');
  const shown = busy ?? { title: 'Loading', overall: 0 };
  return (
    <>
      <Progress />
      <header>
        <h1>{name || 'Loading'}</h1>
        <p class="verdict quiet">
          Every unit’s activations on clean and triggered images, and what pruning would do. Nothing is trained or
          changed.
        </p>
        <p class="choices" data-testid="loading">
          <span>{busyText(shown)}</span> <CancelSearch busy={shown} />
        </p>
      </header>
      <div class="sections skeleton" aria-hidden="true">
        <section class="ratio">
          <Block height={20} width="38%" />
          <Block height={44} />
          <Block height={26} />
          <Block height={260} />
        </section>
        <section class="neurons">
          <Block height={20} width="44%" />
          <Block height={250} />
          <Block height={420} />
        </section>
        <section class="unit">
          <Block height={20} width="30%" />
          <Block height={40} />
          <Block height={200} />
          <Block height={200} />
        </section>
      </div>
    </>
  );
}

const Block = ({ height, width = '100%' }: { height: number; width?: string }): JSX.Element => (
  <div class="block" style={{ height: `${height}px`, width }} />
);
