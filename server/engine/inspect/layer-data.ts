import type { CurveData, LayerData, ModelState } from '../../protocol/messages/inspect';
import type { UnitSite } from '../model/model';
import type { Analysed } from './analyse';

/** What a page gets of an analysed layer: means and shares by unit, all of length `units`. @param prunedBefore units pruned in this model */
export function layerData(
  site: UnitSite,
  state: ModelState,
  clean: Analysed,
  triggered: Analysed | null,
  order: Int32Array,
  curve: CurveData,
  prunedBefore: readonly number[],
): LayerData {
  const shares = ({ statistics }: Analysed): Float32Array =>
    Float32Array.from(statistics.fires, (fires) => fires / statistics.images);
  const flags = (units: readonly number[]): Uint8Array => {
    const marked = new Uint8Array(site.units);
    for (const unit of units) marked[unit] = 1;
    return marked;
  };
  const counts = ({ source, available }: Analysed) => ({ analysed: source.count, available });
  return {
    kind: 'layer',
    layer: site.layer,
    state,
    layerKind: site.kind,
    activation: site.activation,
    units: site.units,
    feedsClassifier: site.feedsClassifier,
    images: counts(clean),
    triggeredImages: triggered && counts(triggered),
    cleanMean: Float32Array.from(clean.statistics.mean()),
    cleanMeanAbs: Float32Array.from(clean.statistics.meanAbs()),
    cleanFires: shares(clean),
    triggeredMean: triggered && Float32Array.from(triggered.statistics.mean()),
    triggeredFires: triggered && shares(triggered),
    dead: flags(clean.statistics.dead()),
    pruned: flags(prunedBefore),
    order,
    curve,
  };
}
