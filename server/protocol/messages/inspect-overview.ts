import * as v from 'valibot';
import { AnalysisRole } from '../config/resolved-data';
import { PruneRatio, PruneRule } from '../config/pruning';
import { LayerKind } from '../report/layer';
import { Rate } from '../report/metrics';
import { BackendName } from '../backend';
import { ScanWord } from '../report/scan-result';
import { atLeast0, count, list, MOST_ENTRIES, MOST_NAMED_UNITS, share, shortText, whole } from '../shape/shape';
import { OtherStrategy } from '../config/strategy';
import { TriggerKind } from '../config/trigger';
import { MOST_SHOWN_CLASSES, shownClass, unit } from './parts';

/** What the inspector says first: the model and its config, and what is known beside them. */

/** A layer that may be pruned. */
export const LayerChoice = v.object({
  name: shortText,
  kind: LayerKind,
  units: count,
  /** Whether masks are answered from cached activations on all images. */
  feedsClassifier: v.boolean(),
});
export type LayerChoice = v.InferOutput<typeof LayerChoice>;

/** What came of the search for a trigger that nobody knows. */
export const TriggerSearch = v.object({
  word: ScanWord,
  /** What was found and what was tried, with the figures. */
  sentence: shortText,
  /** The estimate that the figures rest on: size of its mask in pixels, its success on images that it was not searched on, and whether its class is suspicious; null where none is taken. */
  taken: v.nullable(v.object({ norm: atLeast0, success: Rate, flagged: v.boolean() })),
});
export type TriggerSearch = v.InferOutput<typeof TriggerSearch>;

/** What the report beside the config says; the language server adds it. */
export const ReportState = v.object({
  verdict: v.object({ word: shortText, sentence: shortText }),
  /** What has changed since it was written, in words; empty when it still holds. */
  changed: list(shortText, 1000),
  layer: shortText,
  /** Indices of the pruned units of that layer. */
  pruned: list(unit, MOST_NAMED_UNITS),
  /** Whether the defended model can be looked into: the report names one, it is there, and it is the one that was measured. */
  after: v.boolean(),
  /** `with --strategy auto`: settings that its run had and the config has not; absent where there are none. */
  settings: v.optional(shortText),
});
export type ReportState = v.InferOutput<typeof ReportState>;

const side = whole(65_535);

export const Overview = v.object({
  kind: v.literal('open'),
  /** Hash over the contents of model, data and trigger and what of the config changes an answer; equal means the same answers. */
  fingerprint: shortText,
  /** The config's base name. */
  name: shortText,
  model: v.object({ path: shortText, layers: count, parameters: count }),
  classes: whole(MOST_SHOWN_CLASSES),
  /** [height, width, channels] of one image. */
  shape: v.tuple([side, side, side]),
  layers: list(LayerChoice, MOST_ENTRIES),
  /** Name of the layer that a run of the config prunes; empty when it names none and the model has none that a run would take. */
  chosen: shortText,
  /** Null for the reference recipe. A strategy chooses by itself what it prunes: what `prune` and `chosen` say is then the report's, where it is of such a run. */
  strategy: v.nullable(OtherStrategy),
  prune: v.object({
    ratio: v.nullable(PruneRatio),
    rule: PruneRule,
    /** Whose rise `triggered-difference` orders by; null for other rules, and where there is no trigger. */
    guide: v.nullable(v.picklist(['known', 'estimated'])),
    /** Named in the config, less those that the layer has not; else null. */
    units: v.nullable(list(unit, MOST_NAMED_UNITS)),
  }),
  gates: v.object({ maxAttackSuccessRate: share, maxAccuracyDrop: share }),
  /** The kind is `inverted` for a trigger that was estimated from the model: everything shown on it is labelled so. */
  trigger: v.nullable(v.object({ kind: TriggerKind, target: shownClass })),
  /** The scan that the trigger was searched by; null where it is described, or none is asked for. */
  search: v.nullable(TriggerSearch),
  images: v.object({
    analysis: count,
    analysisRole: AnalysisRole,
    test: count,
    holdout: count,
    triggered: v.nullable(count),
  }),
  backend: v.object({ name: BackendName, why: shortText, version: shortText }),
  /** Null when no report lies beside the config, or it can't be read. */
  report: v.nullable(ReportState),
});
export type Overview = v.InferOutput<typeof Overview>;
