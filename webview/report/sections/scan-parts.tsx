import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { inversions, type ClassInversion, type ScanResult } from '../../../server/protocol/report/scan';
import { bytesOf } from '../../ui/bytes';
import type { ChartTable } from '../../ui/charts/figure';
import { MaskImage } from '../../ui/mask-image';
import { PixelImage } from '../../ui/pictures';
import { useActions } from '../actions';
import { shownInversions, triggerPixels } from '../derive';
import { RateCell } from './figures-section';
import { Icon, SaveTable, Scroll, Signed } from './parts';
import { count, percent, pixels } from '../../../server/protocol/words';

/** What a section on a scan is made of: the masks as pictures, and the classes as a table. */

const MOST_CLASSES = 40;
/** CSS pixels. */
const SIZE = 84;

type Shape = readonly [number, number, number];

/** The masks of all classes that have one; beside a suspicious one, what it puts on the image. */
export function Masks({ scan, shape, label }: { scan: ScanResult; shape: Shape; label: string }): JSX.Element | null {
  const shown = useMemo(() => shownInversions(scan, MOST_CLASSES).filter(({ estimate }) => estimate !== null), [scan]);
  if (shown.length === 0) return null;
  return (
    <>
      <ul class="masks" aria-label={label}>
        {shown.map((one) => (
          <Mask key={one.target} one={one} shape={shape} />
        ))}
      </ul>
      <p class="quiet">
        The stronger a point, the more of the pixel is replaced. Beside a suspicious class: the estimated trigger on a
        grey image.
      </p>
    </>
  );
}

function Mask({ one, shape: [height, width, channels] }: { one: ClassInversion; shape: Shape }): JSX.Element {
  const { target, norm, success, flagged, estimate } = one;
  const mask = useMemo(() => bytesOf(estimate?.mask ?? ''), [estimate]);
  const trigger = useMemo(
    () => (flagged && estimate ? triggerPixels(mask, bytesOf(estimate.pattern), channels) : null),
    [estimate, mask, flagged, channels],
  );
  const words = `class ${target}: ${pixels(norm)}, sends ${percent(success.rate)} of other images to it`;
  return (
    <li class={flagged ? 'mask flagged' : 'mask'}>
      <span class="mask-pictures">
        <MaskImage
          mask={mask}
          height={height}
          width={width}
          size={SIZE}
          label={`Mask of the estimated trigger of ${words}${flagged ? '; suspicious' : ''}`}
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
      <span>
        {flagged ? (
          <>
            <Icon name="warning" />{' '}
          </>
        ) : null}
        <strong>Class {target}</strong>
      </span>
      <span class="quiet">{pixels(norm)}</span>
    </li>
  );
}

/** Every class with its masks, index and success; of many, the suspicious ones and those with the smallest masks. */
export function ScanTable({ scan, name, label }: { scan: ScanResult; name: string; label: string }): JSX.Element {
  const { save } = useActions();
  const shown = useMemo(() => shownInversions(scan, MOST_CLASSES), [scan]);
  const all = inversions(scan).length;
  return (
    <>
      <div class="heading">
        {shown.length < all ? (
          <p class="quiet">
            {count(shown.length)} of {count(all)} classes: those with the smallest masks. Save the table as CSV for all.
          </p>
        ) : (
          <h3>All classes</h3>
        )}
        <SaveTable label={label} name={name} table={() => csvOf(scan)} onSave={save} />
      </div>
      <Scroll label={label} tall>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Class</th>
              <th scope="col">Result</th>
              <th scope="col" class="fp-right">
                Screened mask
              </th>
              <th scope="col" class="fp-right">
                Of the median
              </th>
              <th scope="col" class="fp-right">
                Anomaly index
              </th>
              <th scope="col" class="fp-right">
                Estimated trigger
              </th>
              <th scope="col" class="fp-right">
                Its success
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.target}>
                <th scope="row">{one.target}</th>
                <td>
                  {one.flagged ? (
                    <Signed sign={{ icon: 'warning', text: 'Suspicious' }} />
                  ) : (
                    <span class="quiet">not suspicious</span>
                  )}
                </td>
                <td class="fp-right">{pixels(one.screened)}</td>
                <td class="fp-right">{one.share.toFixed(2)}</td>
                <td class="fp-right">{one.anomalyIndex.toFixed(2).replace('-', '−')}</td>
                <td class="fp-right">{pixels(one.norm)}</td>
                <RateCell rate={one.success} />
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

function csvOf(scan: ScanResult): ChartTable {
  const classes = inversions(scan);
  const columns: [string, (one: ClassInversion) => number | string][] = [
    ['class', (one) => one.target],
    ['suspicious', (one) => (one.flagged ? 'yes' : 'no')],
    ['screened mask (pixels)', (one) => one.screened],
    ['share of the median', (one) => one.share],
    ['anomaly index', (one) => one.anomalyIndex],
    ['estimated trigger (pixels)', (one) => one.norm],
    ['success', (one) => one.success.rate],
    ['hits', (one) => one.success.hits],
    ['of', (one) => one.success.of],
    ['steps', (one) => one.steps],
  ];
  return {
    columns: columns.map(([label]) => ({ label, align: 'right' })),
    rows: classes.length,
    cell: (row, column) => {
      const one = classes[row];
      return one ? (columns[column]?.[1](one) ?? null) : null;
    },
  };
}
