import type { ResolvedConfig } from '../../protocol/config/config';
import { MOST_FULL_CLASSES } from '../../protocol/report/confusion';
import type { LayerAnalysis, PruningResult } from '../../protocol/report/report';
import { roundFigure, roundShare } from '../metrics/rate';
import type { UnitSite } from '../model/model';
import type { Measured } from '../pass/measure';
import { mostRaised } from '../pass/ranking';

export function layerAnalysis(site: UnitSite, clean: Measured, triggered: Measured | null): LayerAnalysis {
  const mean = clean.statistics.mean();
  const meanAbs = clean.statistics.meanAbs();
  const triggeredMean = triggered?.statistics.mean();
  const byClass = (u: number): number[] =>
    clean.statistics.classes > MOST_FULL_CLASSES || meanAbs[u] === 0
      ? []
      : clean.statistics.perClass(u).map(roundFigure);
  return {
    name: site.layer,
    kind: site.kind,
    activation: site.activation,
    chosen: site.chosen,
    units: site.units,
    images: clean.statistics.images,
    dead: clean.statistics.dead(),
    activations: Array.from(mean, (m, u) => ({
      cleanMean: roundFigure(m),
      cleanMeanAbs: roundFigure(meanAbs[u]!),
      cleanFires: roundShare(clean.statistics.fires[u]! / clean.statistics.images),
      triggeredMean: triggeredMean ? roundFigure(triggeredMean[u]!) : null,
      triggeredFires: triggered ? roundShare(triggered.statistics.fires[u]! / triggered.statistics.images) : null,
    })),
    classMeans: Array.from(mean, (_, u) => byClass(u)),
  };
}

export function pruningResult(
  { rule, ratio }: Pick<ResolvedConfig['prune'], 'rule' | 'ratio'>,
  pruned: Int32Array,
  layer: LayerAnalysis,
): PruningResult {
  const dead = new Set(layer.dead);
  const raised = layer.activations.some((a) => a.triggeredMean === null)
    ? null
    : new Set(
        mostRaised(
          layer.activations.map((a) => a.cleanMean),
          layer.activations.map((a) => a.triggeredMean!),
          pruned.length,
        ),
      );
  return {
    rule,
    ratio,
    count: pruned.length,
    units: [...pruned],
    dead: pruned.reduce((n, u) => n + (dead.has(u) ? 1 : 0), 0),
    amongTriggerRaised: raised && pruned.reduce((n, u) => n + (raised.has(u) ? 1 : 0), 0),
  };
}
