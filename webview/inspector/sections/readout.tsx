import type { JSX } from 'preact';
import { rateText, type Figures } from '../words/words';
import { pointsChange } from '../../../server/protocol/words';

/** The figures of the chosen number, each in its place, so that only digits change while the slider moves. */
export function Readout({
  text,
  figures,
  asr,
  base,
}: {
  text: string;
  figures: Figures | null;
  asr: string | null;
  base: string | null;
}): JSX.Element {
  const rate = (label: string, share: number | null | undefined, change: number | null | undefined): JSX.Element => (
    <span class="figure">
      <span class="quiet">{label}</span>{' '}
      {typeof share === 'number' && typeof change === 'number' ? (
        <span>
          <strong>{rateText(share)}</strong> <span class="quiet">({pointsChange(change)})</span>
        </span>
      ) : (
        <span class="quiet">being measured …</span>
      )}
    </span>
  );
  return (
    <p class="readout" data-testid="readout">
      <span class="chosen">
        {text}
        <span class="fp-unseen">: </span>
      </span>
      {rate('clean accuracy', figures?.clean, figures?.cleanChange)}
      {asr === null ? null : (
        <>
          <span class="fp-unseen">, </span>
          {rate(asr, figures?.attack, figures?.attackChange)}
        </>
      )}
      {base === null ? null : (
        <>
          <span class="fp-unseen">, </span>
          {rate(base, figures?.base, figures?.baseChange)}
        </>
      )}
    </p>
  );
}
