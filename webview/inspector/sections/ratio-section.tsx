import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import { Slider } from '../../ui/slider';
import { useController } from '../state/context';
import { SliderMeter } from '../state/slider-meter';
import { useView } from '../state/store';
import { nearestPoint } from '../state/units';
import { useChosen, useFigures } from '../state/use-layer';
import { PartFailed } from './message';
import type { Plan } from '../state/plan';
import { limitOf, whyNoChoice } from '../words/rules';
import { asrText, BASE_TEXT, countText, isEstimated, rateText } from '../words/words';
import { PlanSentences } from './plan-sentences';
import { RatioCurve } from './ratio-curve';
import { Readout } from './readout';
import { unitWord } from '../../../server/protocol/words';

const meter = new SliderMeter();

/** How much to prune: the curve, a slider over it, and what the chosen number costs and brings. */
export function RatioSection(): JSX.Element {
  const controller = useController();
  const overview = useView((view) => view.overview)!;
  const layer = useView((view) => view.layer)!;
  const found = useView((view) => view.limit);
  const looked = useChosen();
  const { count: chosen, units: exactly, plan, moved } = looked;
  const { figures, measured } = useFigures(looked);
  const failed = useView((view) => view.failed.planned);
  const { curve } = layer;
  const point = nearestPoint(curve.pruned, chosen);
  const word = unitWord(layer.layerKind);
  const limit = found && limitOf(found, overview);
  const estimated = isEstimated(overview);

  const choose = useCallback((at: number) => meter.move(() => controller.choosePoint(at)), [controller]);
  const chooseCount = useCallback((wanted: number) => choose(nearestPoint(curve.pruned, wanted)), [choose, curve]);
  const noChoice =
    layer.state === 'after'
      ? 'The ratio is for the input model: choose Before'
      : (whyNoChoice(overview) ?? whyNoRatio(plan, moved, word));

  return (
    <section class="ratio" aria-labelledby="ratio-title">
      <div class="heading">
        <h2 id="ratio-title">How much to prune</h2>
        <vscode-button
          disabled={noChoice !== null}
          title={noChoice ?? 'Writes prune.ratio to the config; Undo reverts this'}
          onClick={() => controller.useRatio()}
        >
          Use This Ratio
        </vscode-button>
      </div>
      <Readout
        text={countText(chosen, layer)}
        figures={figures}
        asr={layer.curve.successful ? asrText(estimated) : null}
        base={layer.curve.base ? BASE_TEXT : null}
      />
      {failed && exactly ? <PartFailed failure={failed} part="planned" /> : null}
      <Slider
        label={`Number of pruned ${word}s`}
        min={0}
        max={curve.pruned.length - 1}
        value={point}
        valueText={`${countText(chosen, layer)}: ${figures ? `clean accuracy ${rateText(figures.clean)}${figures.attack === null ? '' : `, ${asrText(estimated)} ${rateText(figures.attack)}`}${figures.base === null ? '' : `, ${BASE_TEXT} ${rateText(figures.base)}`}` : 'being measured'}`}
        onInput={choose}
      />
      <PlanSentences looked={looked} measured={measured} limit={limit} onChoose={chooseCount} />
      <RatioCurve looked={looked} figures={figures} limit={limit} onChoose={chooseCount} />
    </section>
  );
}

/** Why what is shown can't be written as a ratio; null where it can. */
function whyNoRatio({ source }: Plan, moved: boolean, word: string): string | null {
  return source === 'named' && !moved
    ? `The config names its ${word}s: move the slider to prune a number of them by the rule instead`
    : null;
}
