import * as v from 'valibot';
import { count, finite, list, shortText, whole } from '../shape/shape';
import { ModelState } from './inspect-layer';
import { bytes, float32, MOST_IMAGE_BYTES, MOST_SHOWN_CLASSES, shownClass, uint32, unit } from './parts';

/** What the inspector says of one unit, and its example inputs. */

const MOST_PICTURES = 1024;
const MOST_BINS = 10_000;

/** An image, as bytes 0 to 255, height·width·channels. */
export const Picture = v.object({
  /** Index in the test split, or in the person's own triggered images. */
  index: count,
  pixels: bytes(MOST_IMAGE_BYTES),
  /** True class. */
  label: shownClass,
  /** Class that the model (in the state asked for) gives it. */
  predicted: shownClass,
  /** The unit's activation on it (mean over positions for a convolution). */
  activation: finite,
});
export type Picture = v.InferOutput<typeof Picture>;

/** Bins of equal width over the range of clean and triggered activations (per image; mean over positions for a convolution). */
const Histogram = v.pipe(
  v.object({
    /** bins + 1 ascending edges. */
    edges: float32(MOST_BINS + 1),
    /** Images in each bin. */
    clean: uint32(MOST_BINS),
    triggered: v.nullable(uint32(MOST_BINS)),
  }),
  v.check(
    ({ edges, clean, triggered }) =>
      clean.length > 0 &&
      edges.length === clean.length + 1 &&
      (triggered === null || triggered.length === clean.length),
    'bins and edges that do not fit',
  ),
  v.check(({ edges }) => edges.every((edge, i) => i === 0 || edge >= (edges[i - 1] ?? 0)), 'edges that do not ascend'),
);

const perClass = float32(MOST_SHOWN_CLASSES);
const side = whole(1024);
const pictures = list(Picture, MOST_PICTURES);

export const UnitData = v.pipe(
  v.object({
    kind: v.literal('unit'),
    layer: shortText,
    state: ModelState,
    unit,
    /** What the figures say, in one or two sentences. */
    sentence: shortText,
    histogram: Histogram,
    /** Mean by true class, one entry a class; 0 for a class without images. */
    perClass: v.pipe(
      v.object({ clean: perClass, triggered: v.nullable(perClass) }),
      v.check(
        ({ clean, triggered }) => triggered === null || triggered.length === clean.length,
        'classes that do not fit',
      ),
    ),
    /** The images that excite it most, highest first. */
    top: v.object({ clean: pictures, triggered: v.nullable(pictures) }),
    /** Kernel of a first-layer channel; else null. `values`: height·width·channels, row-major. */
    filter: v.nullable(
      v.pipe(
        v.object({ height: side, width: side, channels: side, values: float32(MOST_IMAGE_BYTES) }),
        v.check(
          ({ height, width, channels, values }) => values.length === height * width * channels,
          'a filter whose size does not fit',
        ),
      ),
    ),
    /** Weight to each class's logit, one entry a class; null when the unit does not feed the classifier directly. */
    outgoing: v.nullable(perClass),
  }),
  v.check(
    ({ perClass: { clean }, outgoing }) => outgoing === null || outgoing.length === clean.length,
    'weights that are not one per class',
  ),
);
export type UnitData = v.InferOutput<typeof UnitData>;

const Predictions = v.object({ clean: shownClass, triggered: shownClass });

export const Example = v.object({
  index: count,
  label: shownClass,
  clean: bytes(MOST_IMAGE_BYTES),
  triggered: bytes(MOST_IMAGE_BYTES),
  before: Predictions,
  /** Null without a defended model. */
  after: v.nullable(Predictions),
});
export type Example = v.InferOutput<typeof Example>;

export const ExamplesData = v.object({
  kind: v.literal('examples'),
  target: shownClass,
  examples: list(Example, MOST_PICTURES),
});
export type ExamplesData = v.InferOutput<typeof ExamplesData>;
