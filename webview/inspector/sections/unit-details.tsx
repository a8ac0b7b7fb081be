import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import type { Picture, UnitData } from '../../../server/protocol/messages/inspect';
import { ClassBars } from '../../ui/charts/class-bars';
import { Histogram } from '../../ui/charts/histogram';
import { formatNumber } from '../../ui/format';
import { FilterImage, PixelImage } from '../../ui/pictures';
import { useWidth } from '../../ui/use-width';
import { useController } from '../state/context';
import { useView } from '../state/store';
import { fileName, isEstimated } from '../words/words';
import { unitWord } from '../../../server/protocol/words';

const PICTURE_SIZE = 52;
/** Two charts stand side by side from here on, in CSS pixels. */
const TWO_FROM = 520;
const GAP = 16;

/** What is known of one unit. */
export function UnitDetails({ data }: { data: UnitData }): JSX.Element {
  const controller = useController();
  const overview = useView((view) => view.overview)!;
  const kind = useView((view) => view.layer!.layerKind);
  const [place, width] = useWidth();
  const save = useCallback(
    (exported: Parameters<typeof controller.save>[0]) => controller.save(exported),
    [controller],
  );
  const target = overview.trigger?.target ?? null;
  const word = unitWord(kind);
  const estimated = isEstimated(overview);
  const { unit, histogram, perClass, outgoing, filter, top } = data;
  const name = fileName(data.layer, word, unit);
  const half = outgoing && width >= TWO_FROM ? Math.floor((width - GAP) / 2) : width;
  return (
    <div ref={place}>
      <p class="sentence" data-testid="sentence">
        {data.sentence}
      </p>
      <Histogram
        estimated={estimated}
        edges={histogram.edges}
        clean={histogram.clean}
        triggered={histogram.triggered}
        width={width}
        exportName={`${name}-histogram`}
        onExport={save}
      />
      <div class={half < width ? 'two' : ''}>
        <ClassBars
          estimated={estimated}
          title="Mean activation by true class"
          label="mean activation"
          clean={perClass.clean}
          triggered={perClass.triggered}
          target={target}
          width={half}
          exportName={`${name}-classes`}
          onExport={save}
        />
        {outgoing ? (
          <ClassBars
            title="Outgoing weights by class"
            label="weight"
            clean={outgoing}
            triggered={null}
            target={target}
            width={half}
            exportName={`${name}-weights`}
            onExport={save}
          />
        ) : null}
      </div>
      {filter ? (
        <div class="pictures-block">
          <h3>Filter</h3>
          <FilterImage {...filter} label={`Filter of ${word} ${unit}, ${filter.height}×${filter.width}`} />
        </div>
      ) : null}
      <Pictures title="Clean images that excite it most" pictures={top.clean} shape={overview.shape} target={target} />
      {top.triggered ? (
        <Pictures
          title={
            estimated ? 'Images with the estimated trigger that excite it most' : 'Triggered images that excite it most'
          }
          pictures={top.triggered}
          shape={overview.shape}
          target={target}
        />
      ) : null}
    </div>
  );
}

function Pictures({
  title,
  pictures,
  shape,
  target,
}: {
  title: string;
  pictures: readonly Picture[];
  shape: readonly [number, number, number];
  target: number | null;
}): JSX.Element {
  const excited = pictures.filter(({ activation }) => activation > 0);
  return (
    <div class="pictures-block">
      <h3>
        {title}
        {excited.length ? <span class="quiet"> true class → predicted class, activation</span> : null}
      </h3>
      {excited.length ? null : <p class="quiet">No image takes it above zero.</p>}
      <ul class="pictures">
        {excited.map(({ index, pixels, label, predicted, activation }) => (
          <li key={index}>
            <PixelImage
              pixels={pixels}
              shape={shape}
              size={PICTURE_SIZE}
              label={`Image ${index}: class ${label}, classified as ${predicted}, activation ${formatNumber(activation)}`}
            />
            <span class="caption" aria-hidden="true">
              {label} → <span class={predicted === label ? '' : 'wrong'}>{predicted}</span>
              {predicted !== label ? (
                <span
                  class={`codicon codicon-${predicted === target ? 'error' : 'warning'}`}
                  title={predicted === target ? 'The trigger’s target' : 'Wrong'}
                />
              ) : null}
            </span>
            <span class="caption quiet" aria-hidden="true">
              {Number(activation.toPrecision(3))}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
