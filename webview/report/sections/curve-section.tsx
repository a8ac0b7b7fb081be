import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { CurveChart } from '../../ui/charts/curve-chart';
import { useWidth } from '../../ui/use-width';
import { useActions } from '../actions';
import { curvePoints, offCurve } from '../derive';
import { Section } from './parts';
import { count, unitWord } from '../../../server/protocol/words';
import { isEstimated } from '../../../server/protocol/report/words';
import { pruneCount, DEFAULT_RATIO } from '../../../server/protocol/config/pruning';

/** Clean accuracy and ASR for every number of pruned units, with the number that was chosen. */
export function CurveSection({ report }: { report: DefenseReport }): JSX.Element {
  const { save } = useActions();
  const [place, width] = useWidth();
  const { curve, layer, pruning, stages, gates } = report;
  const points = useMemo(() => curvePoints(curve), [curve]);
  const limitOf = (id: (typeof gates)[number]['id']): number | null =>
    gates.find((gate) => gate.id === id)?.limit ?? null;
  const named = offCurve(report);
  const drop = limitOf('maxAccuracyDrop');
  return (
    <Section title="Pruning curve">
      <div ref={place}>
        {points ? (
          <CurveChart
            title={`Outcome by number of pruned units${isEstimated(report) ? ', ASR on the estimated trigger' : ''}`}
            points={points}
            units={layer.units}
            chosen={pruning.count}
            chosenName={named ? 'named' : 'chosen'}
            offCurve={named}
            limit={curve.largestWithinLimit?.pruned ?? null}
            reference={pruneCount(DEFAULT_RATIO, layer.units)}
            accuracyFloor={drop === null ? null : Math.max(0, stages.before.cleanAccuracy.rate - drop)}
            asrGate={stages.before.attackSuccessRate ? limitOf('maxAttackSuccessRate') : null}
            unitWord={unitWord(layer.kind)}
            width={width}
            estimated={isEstimated(report)}
            exportName="pruning-curve"
            onExport={save}
          />
        ) : (
          <p class="quiet">No curve was measured.</p>
        )}
      </div>
      <p class="quiet">
        Before fine-tuning, on {count(curve.images)} clean
        {curve.triggeredImages === null ? '' : ` and ${count(curve.triggeredImages)} triggered`} images
        {curve.subset ? ', a subset of the test set drawn with the seed' : ''}.
        {named
          ? ' The pruned units were named in the config; the curve follows the rule, so they are not on it: the marks show what pruning them did.'
          : ''}
        {smallestText(report)}
      </p>
    </Section>
  );
}

/** What the rule `triggered-difference` chooses on held-out images; empty for other rules. */
function smallestText({ curve: { smallestWithinGate: smallest } }: DefenseReport): string {
  if (smallest === undefined) return '';
  if (smallest === null)
    return ' On held-out images, no number of them brings the ASR within its gate and keeps the limit on clean accuracy.';
  const { pruned, heldOut } = smallest;
  return ` The fewest that bring the ASR within its gate are ${count(pruned)}: ${count(heldOut.successful)} of ${count(heldOut.triggeredImages)} triggered held-out images reach the target then.`;
}
