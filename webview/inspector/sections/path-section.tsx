import type { JSX } from 'preact';
import type { Example } from '../../../server/protocol/messages/inspect';
import { PixelImage } from '../../ui/pictures';
import { PartFailed } from './message';
import { useView } from '../state/store';
import { fateOf, FATES, fatesText, isEstimated, pathText } from '../words/words';

const SIZE = 52;

/** The trigger's path: the same inputs without and with it, and what the model takes them for before and after the defense. */
export function PathSection(): JSX.Element | null {
  const overview = useView((view) => view.overview)!;
  const data = useView((view) => view.examples);
  const failed = useView((view) => view.failed.examples);
  if (!overview.trigger || overview.trigger.kind === 'samples') return null;
  const estimated = isEstimated(overview);
  const trigger = estimated ? 'estimated trigger' : 'trigger';
  const after = data?.examples.some((example) => example.after) ?? false;
  return (
    <section class="path" aria-labelledby="path-title">
      <h2 id="path-title">What the {trigger} does</h2>
      <p class="quiet">
        The same images without and with the {trigger}, which{' '}
        {estimated
          ? `was estimated so that it sends images to class ${overview.trigger.target}`
          : `is meant to make the model predict class ${overview.trigger.target}`}
        . True class → predicted class with the trigger
        {after ? ' → after the defense' : '; a run adds what the defended model predicts'}.
      </p>
      {failed ? <PartFailed failure={failed} part="examples" /> : null}
      {!data && !failed ? <p class="quiet">Reading examples …</p> : null}
      {data ? (
        <>
          <p>{fatesText(data.examples, data.target)}</p>
          <ul class="examples">
            {data.examples.map((example) => (
              <Card
                key={example.index}
                example={example}
                shape={overview.shape}
                target={data.target}
                estimated={estimated}
              />
            ))}
          </ul>
        </>
      ) : null}
    </section>
  );
}

function Card({
  example,
  shape,
  target,
  estimated,
}: {
  example: Example;
  shape: readonly [number, number, number];
  target: number;
  estimated: boolean;
}): JSX.Element {
  const { index, label, before, after } = example;
  const fate = FATES[fateOf(example, target)];
  return (
    <li>
      <span class="pair">
        <PixelImage
          pixels={example.clean}
          shape={shape}
          size={SIZE}
          label={`Image ${index}: ${pathText(example, estimated)}; ${fate.text}`}
        />
        <PixelImage
          pixels={example.triggered}
          shape={shape}
          size={SIZE}
          label={`Image ${index} with the ${estimated ? 'estimated ' : ''}trigger`}
        />
      </span>
      <span class="caption" aria-hidden="true">
        {before.clean === label ? label : `${label} (${before.clean})`} → <strong>{before.triggered}</strong>
        {after ? (
          <>
            {' '}
            → <strong>{after.triggered}</strong>
          </>
        ) : null}
      </span>
      <span class="caption fate" aria-hidden="true">
        <span class={`codicon codicon-${fate.icon}`} /> {fate.text}
      </span>
    </li>
  );
}
