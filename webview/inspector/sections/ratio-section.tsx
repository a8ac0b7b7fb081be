import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo } from 'preact/hooks';
import { CurveChart } from '../../ui/charts/curve-chart';
import { Slider } from '../../ui/slider';
import { useWidth } from '../../ui/use-width';
import { useController } from '../state/context';
import { SliderMeter } from '../state/slider-meter';
import { useView } from '../state/store';
import { nearestPoint } from '../state/units';
import { useChosen, useFigures } from '../state/use-layer';
import { PartFailed } from './message';
import { planName, planText, type Plan } from '../state/plan';
import { limitOf, ruleText, whyNoChoice } from '../words/rules';
import {
  asrText,
  countText,
  curveBasis,
  fileName,
  isEstimated,
  maskBasis,
  rateText,
  type Figures,
} from '../words/words';
import { plural, pointsChange, unitWord } from '../../../server/protocol/words';
import { DEFAULT_RATIO, pruneCount } from '../../../server/protocol/pruning';

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
  const [place, width] = useWidth();
  const { curve } = layer;
  const point = nearestPoint(curve.pruned, chosen);
  const word = unitWord(layer.layerKind);
  const shares = useMemo(
    () => ({
      pruned: curve.pruned,
      clean: Float64Array.from(curve.correct, (hits) => hits / curve.images),
      attack:
        curve.successful && curve.triggeredImages
          ? Float64Array.from(curve.successful, (hits) => hits / curve.triggeredImages!)
          : null,
    }),
    [curve],
  );
  const reference = pruneCount(DEFAULT_RATIO, layer.units);
  const limit = found && limitOf(found, overview);
  const estimated = isEstimated(overview);

  const choose = useCallback((at: number) => meter.move(() => controller.choosePoint(at)), [controller]);
  const chooseCount = useCallback((wanted: number) => choose(nearestPoint(curve.pruned, wanted)), [choose, curve]);
  const save = useCallback(
    (exported: Parameters<typeof controller.save>[0]) => controller.save(exported),
    [controller],
  );
  const noChoice =
    layer.state === 'after'
      ? 'The ratio is for the model as it came: choose Before'
      : (whyNoChoice(overview) ?? whyNoRatio(plan, moved, word));
  const basis = measured && maskBasis(measured, overview.images.test, null);
  const goTo = (to: number | null, kind: 'accuracy' | 'gate'): JSX.Element | null =>
    to === null ? null : (
      <>
        <button type="button" class="link" onClick={() => chooseCount(to)}>
          {kind === 'accuracy' ? 'up to ' : ''}
          {plural(to, word)}
        </button>
        .
      </>
    );
  const hasRoom = width > 0;
  useEffect(() => {
    if (hasRoom) measureFirstChart();
  }, [hasRoom]);

  return (
    <section class="ratio" aria-labelledby="ratio-title">
      <div class="heading">
        <h2 id="ratio-title">How much to prune</h2>
        <vscode-button
          disabled={noChoice !== null}
          title={noChoice ?? 'Writes prune.ratio into the config; undo takes it back'}
          onClick={() => controller.useRatio()}
        >
          Use This Ratio
        </vscode-button>
      </div>
      <Readout
        text={countText(chosen, layer)}
        figures={figures}
        asr={layer.curve.successful ? asrText(estimated) : null}
      />
      {failed && exactly ? <PartFailed failure={failed} part="planned" /> : null}
      <Slider
        label={`Number of pruned ${word}s`}
        min={0}
        max={curve.pruned.length - 1}
        value={point}
        valueText={`${countText(chosen, layer)}: ${figures ? `clean accuracy ${rateText(figures.clean)}${figures.attack === null ? '' : `, ${asrText(estimated)} ${rateText(figures.attack)}`}` : 'being measured'}`}
        onInput={choose}
      />
      <p class="quiet">
        <span data-testid="plan">
          {moved ? (
            <>
              Chosen here, by the rule. Back to{' '}
              <button type="button" class="link" onClick={() => controller.choosePlanned()}>
                {planName(plan, layer)}
              </button>
              .
            </>
          ) : (
            planText(plan, overview, layer)
          )}
        </span>{' '}
        {basis ? `${basis}. ` : null}Before fine-tuning.{' '}
        {overview.strategy ? (
          <>
            Strategy <code>{overview.strategy}</code>, rule
          </>
        ) : (
          'Rule'
        )}{' '}
        <code>{overview.prune.rule}</code>: {ruleText(overview, word)}. {curveBasis(layer)}{' '}
        {limit === undefined ? (
          'Looking for the limit on held-out images …'
        ) : limit ? (
          <>
            {limit.text} {goTo(limit.pruned, limit.kind)}
          </>
        ) : null}
      </p>
      <div ref={place}>
        <CurveChart
          points={shares}
          units={layer.units}
          chosen={chosen}
          chosenName={exactly && plan.source === 'named' ? 'named' : 'chosen'}
          offCurve={exactly ? figures : undefined}
          limit={limit ? limit.pruned : null}
          limitKind={limit ? limit.kind : 'accuracy'}
          estimated={estimated}
          reference={reference}
          accuracyFloor={Math.max(0, curve.correct[0]! / curve.images - overview.gates.maxAccuracyDrop)}
          asrGate={curve.successful ? overview.gates.maxAttackSuccessRate : null}
          unitWord={word}
          width={width}
          onChoose={chooseCount}
          exportName={fileName(layer.layer, 'pruning-curve')}
          onExport={save}
        />
      </div>
    </section>
  );
}

/** Why what is shown can't be written as a ratio; null where it can. */
function whyNoRatio({ source }: Plan, moved: boolean, word: string): string | null {
  return source === 'named' && !moved
    ? `The config names its ${word}s: move the slider to have a number go by the rule instead`
    : null;
}

/** From the page being ready until its first chart is seen: read by benchmarks. */
function measureFirstChart(): void {
  const name = 'fp-first-chart';
  if (performance.getEntriesByName(name).length === 0 && performance.getEntriesByName('fp-ready').length > 0)
    performance.measure(name, 'fp-ready');
}

/** The figures of the chosen number, each in its place, so that only digits change while the slider moves. */
function Readout({ text, figures, asr }: { text: string; figures: Figures | null; asr: string | null }): JSX.Element {
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
    </p>
  );
}
