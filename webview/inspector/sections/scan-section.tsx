import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ScanData } from '../../../server/protocol/messages/inspect';
import { inversions, type ClassInversion } from '../../../server/protocol/report/scan';
import { triggerPixels } from '../../report/derive';
import { ScannedImages } from '../../report/sections/scanned-images';
import { scanSentence, scanSign } from '../../report/words';
import { bytesOf } from '../../ui/bytes';
import { MaskImage } from '../../ui/mask-image';
import { PixelImage } from '../../ui/pictures';
import { useController } from '../state/context';
import { SCAN_ID } from '../state/focus';
import { PartFailed } from './message';
import { inversionFacts, inversionText, limitsText, shownMasks, sourceText } from '../words/scan';
import { useView } from '../state/store';
import { SCAN_FILE } from '../../../server/protocol/files';
import { count } from '../../../server/protocol/words';

const SIZE = 72;
const MOST_MASKS = 40;

type Found = NonNullable<ScanData['found']>;
type Shape = readonly [number, number, number];

/** Whether the model holds a trigger, or another one, by what a scan found: the evidence, or the way to it. */
export function ScanSection(): JSX.Element {
  const controller = useController();
  const trigger = useView((view) => view.overview!.trigger);
  const name = useView((view) => view.overview!.name);
  const found = useView((view) => view.scan);
  const failed = useView((view) => view.failed.scan);
  const described = trigger !== null && trigger.kind !== 'inverted';
  return (
    <section class="scan" aria-labelledby={SCAN_ID}>
      <div class="heading">
        <h2 id={SCAN_ID} tabIndex={-1}>
          {described ? 'Is there another trigger?' : 'Is there a trigger?'}
        </h2>
        {found === null ? (
          <vscode-button appearance="secondary" onClick={() => controller.command('scan')}>
            Scan for Backdoors
          </vscode-button>
        ) : null}
        {found?.file === SCAN_FILE.named(name) ? (
          <vscode-button appearance="secondary" onClick={() => controller.command('open-scan')}>
            Open Result
          </vscode-button>
        ) : null}
      </div>
      {failed ? <PartFailed failure={failed} part="scan" /> : null}
      {found === undefined && !failed ? <p class="quiet">Looking for a scan of this model …</p> : null}
      {found === null ? (
        <p class="quiet">
          No scan of exactly this model is known here. For each class, a scan searches for the smallest trigger that
          sends images of other classes to it; a class whose trigger is far smaller than those of the others is
          suspicious.
        </p>
      ) : null}
      {found ? <Evidence found={found} taken={described ? null : (trigger?.target ?? null)} /> : null}
    </section>
  );
}

/** @param found.scan may come from a file: what does not fit the images is not drawn */
function Evidence({ found, taken }: { found: Found; taken: number | null }): JSX.Element {
  const shape = useView((view) => view.overview!.shape);
  const { scan } = found;
  const shown = useMemo(() => shownMasks(scan, MOST_MASKS), [scan]);
  const sign = scanSign(scan);
  const classes = inversions(scan);
  const masks = classes.filter(({ estimate }) => estimate !== null).length;
  return (
    <>
      <p class="found">
        <span class={`codicon codicon-${sign.icon}`} aria-hidden="true" /> <strong>{sign.text}</strong>
      </p>
      <p>{scanSentence(scan)}</p>
      <ScannedImages scan={scan} />
      {shown.length ? (
        <ul class="masks" aria-label="Estimated triggers by class, smallest mask first">
          {shown.map((one) => (
            <Mask key={one.target} one={one} shape={shape} taken={one.target === taken} />
          ))}
        </ul>
      ) : null}
      {classes.length > 0 ? (
        <p class="quiet">
          {shown.length < masks ? `${count(shown.length)} of ${count(masks)} masks: the smallest. ` : ''}
          {masks < classes.length ? `Masks of ${count(classes.length - masks)} more classes are not kept. ` : ''}
          Each mask: the stronger a point, the more of the pixel is replaced.{' '}
          {shown.some((one) => one.flagged || one.target === taken)
            ? 'Beside it, the estimated trigger on a grey image. '
            : ''}
          {limitsText(scan)} {sourceText(found)}
        </p>
      ) : (
        <p class="quiet">{sourceText(found)}</p>
      )}
    </>
  );
}

/** A class's mask with its figures; where it matters, what it puts on the image too. */
function Mask({
  one,
  shape: [height, width, channels],
  taken,
}: {
  one: ClassInversion;
  shape: Shape;
  taken: boolean;
}): JSX.Element {
  const { target, flagged, estimate } = one;
  const mask = useMemo(() => bytesOf(estimate?.mask ?? ''), [estimate]);
  const trigger = useMemo(
    () => ((flagged || taken) && estimate ? triggerPixels(mask, bytesOf(estimate.pattern), channels) : null),
    [estimate, mask, flagged, taken, channels],
  );
  const [shownFacts, compared] = inversionFacts(one);
  return (
    <li class={flagged ? 'flagged' : undefined}>
      <span class="pair">
        <MaskImage
          mask={mask}
          height={height}
          width={width}
          size={SIZE}
          label={`Mask of class ${target}: ${inversionText(one)}${taken ? '; the figures with the trigger use it' : ''}`}
        />
        {trigger ? (
          <PixelImage
            pixels={trigger}
            shape={[height, width, channels]}
            size={SIZE}
            label={`Estimated trigger of class ${target} on a grey image`}
          />
        ) : null}
      </span>
      <span class="caption" aria-hidden="true">
        {flagged ? <span class="codicon codicon-warning" /> : null} <strong>Class {target}</strong>
        {flagged ? ' suspicious' : ''}
      </span>
      <span class="caption quiet" aria-hidden="true">
        {shownFacts}
      </span>
      <span class="caption quiet" aria-hidden="true">
        {compared}
      </span>
    </li>
  );
}
