import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo } from 'preact/hooks';
import { CurveChart } from '../../ui/charts/curve-chart';
import { useWidth } from '../../ui/use-width';
import { useController } from '../state/context';
import { useView } from '../state/store';
import { DEFAULT_RATIO, pruneCount } from '../../../server/protocol/config/pruning';
import type { Chosen } from '../state/use-layer';
import type { Limit } from '../words/rules';
import { fileName, isEstimated, type Figures } from '../words/words';
import { unitWord } from '../../../server/protocol/words';

/** The pruning curve of the layer, with what is chosen on it and the limits that a choice goes by. */
export function RatioCurve({
  looked: { count: chosen, units: exactly, plan },
  figures,
  limit,
  onChoose,
}: {
  looked: Chosen;
  /** Null while they are measured. */
  figures: Figures | null;
  /** Undefined until it is known; null where no images are held out. */
  limit: Limit | null | undefined;
  onChoose(count: number): void;
}): JSX.Element {
  const controller = useController();
  const overview = useView((view) => view.overview)!;
  const layer = useView((view) => view.layer)!;
  const [place, width] = useWidth();
  const { curve } = layer;
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
  const save = useCallback(
    (exported: Parameters<typeof controller.save>[0]) => controller.save(exported),
    [controller],
  );
  const hasRoom = width > 0;
  useEffect(() => {
    if (hasRoom) measureFirstChart();
  }, [hasRoom]);

  return (
    <div ref={place}>
      <CurveChart
        points={shares}
        units={layer.units}
        chosen={chosen}
        chosenName={exactly && plan.source === 'named' ? 'named' : 'chosen'}
        offCurve={exactly ? figures : undefined}
        limit={limit ? limit.pruned : null}
        limitKind={limit ? limit.kind : 'accuracy'}
        estimated={isEstimated(overview)}
        reference={pruneCount(DEFAULT_RATIO, layer.units)}
        accuracyFloor={Math.max(0, curve.correct[0]! / curve.images - overview.gates.maxAccuracyDrop)}
        asrGate={curve.successful ? overview.gates.maxAttackSuccessRate : null}
        unitWord={unitWord(layer.layerKind)}
        width={width}
        onChoose={onChoose}
        exportName={fileName(layer.layer, 'pruning-curve')}
        onExport={save}
      />
    </div>
  );
}

/** From the page being ready until its first chart is seen: read by benchmarks. */
function measureFirstChart(): void {
  const name = 'fp-first-chart';
  if (performance.getEntriesByName(name).length === 0 && performance.getEntriesByName('fp-ready').length > 0)
    performance.measure(name, 'fp-ready');
}
