import * as v from 'valibot';
import { figures } from '../report/bounds/bound-checks';
import { checkScan } from '../report/bounds/scan-bounds';
import { inversions } from '../report/scan';
import { ScanResult } from '../report/scan-result';
import { MOST_CLASSES, MOST_NAMED_UNITS, shortText, whole } from '../shape/shape';
import { LayerData, LimitData, MaskData, ModelState } from './inspect-layer';
import { Overview } from './inspect-overview';
import { ExamplesData, UnitData } from './inspect-unit';
import { areUnits, int32, unit } from './parts';

export type { CurveData, LayerData, LimitData, MaskData, MaskFigures, ModelState } from './inspect-layer';
export type { LayerChoice, Overview, ReportState, TriggerSearch } from './inspect-overview';
export type { Example, ExamplesData, Picture, UnitData } from './inspect-unit';

/**
 * The activation inspector's questions and answers. The same values travel engine process → language server → client →
 * webview; big ones as typed arrays (the channels use structured clone), never as JSON.
 */

/** Of a layer, in a state of the model that the asker has seen; `fingerprint` is that of the `open` answer. */
const place = { fingerprint: shortText, layer: shortText, state: ModelState };

/** What is asked about a model and its config. */
export const InspectQuery = v.variant('kind', [
  /**
   * Reads model, config and data; answers with an Overview. Costs no forward pass, except where the trigger is to be estimated: then
   * the model is scanned for it, once. `search: false` begins no scan: a trigger that is not known yet is left out, and the
   * fingerprint is another one.
   */
  v.object({ kind: v.literal('open'), search: v.optional(v.literal(false)) }),
  /** Analyses one layer: statistics of its units on clean and triggered inputs, and its pruning curve. Answers with LayerData. */
  v.object({ kind: v.literal('layer'), ...place }),
  /** How many units the rule would have pruned, chosen on held-out data. Answers with LimitData. */
  v.object({ kind: v.literal('limit'), ...place }),
  /** All about one unit. Answers with UnitData. */
  v.object({ kind: v.literal('unit'), ...place, unit }),
  /**
   * What pruning exactly these units does. `quick` answers within 200 ms, on a seeded subset (stated) where all images would take
   * longer; `full` takes all images. Answers with MaskData.
   */
  v.object({
    kind: v.literal('mask'),
    ...place,
    units: v.pipe(
      int32(MOST_NAMED_UNITS),
      v.check((units) => areUnits(units), 'units that do not ascend'),
    ),
    scope: v.picklist(['quick', 'full']),
  }),
  /** Example inputs, clean and triggered, with their predictions. Answers with ExamplesData. */
  v.object({ kind: v.literal('examples'), fingerprint: shortText, count: whole(1024) }),
  /** What is known of a scan of the model as it came; nothing is searched for it. Answers with ScanData. */
  v.object({ kind: v.literal('scan'), fingerprint: shortText }),
]);
export type InspectQuery = v.InferOutput<typeof InspectQuery>;

export const ScanData = v.object({
  kind: v.literal('scan'),
  /** Null where none is known of this very model. */
  found: v.nullable(
    v.object({
      /** The search for the estimated trigger; an earlier run's, kept in the user's cache; the file of a scan; the defense report. */
      source: v.picklist(['trigger', 'cache', 'file', 'report']),
      /** Name of that file; null for the other sources. */
      file: v.nullable(shortText),
      scan: v.pipe(
        ScanResult,
        figures((scan) =>
          checkScan(scan, '', {
            classes: scan.searched?.of ?? (inversions(scan).length || MOST_CLASSES),
            shape: null,
            partial: true,
          }),
        ),
      ),
    }),
  ),
});
export type ScanData = v.InferOutput<typeof ScanData>;

export const InspectAnswer = v.variant('kind', [
  Overview,
  LayerData,
  LimitData,
  UnitData,
  MaskData,
  ExamplesData,
  ScanData,
]);
export type InspectAnswer = v.InferOutput<typeof InspectAnswer>;
