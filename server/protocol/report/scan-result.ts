import * as v from 'valibot';
import {
  atLeast0,
  base64,
  between,
  classIndex,
  count,
  list,
  MOST_CLASSES,
  object,
  said,
  share,
  text,
  whole,
} from '../shape/shape';
import { McNemar, Rate } from './metrics';

/** What a scan found in a model. */

const MOST_SEED = 0xffff_ffff;
const MOST_METHODS = 100;
/** A logarithm of shares over the least deviation: far more than any anomaly index is. */
const MOST_INDEX = 1e9;
/** Images that settings or labels are compared on: a scan takes some hundred. */
const MOST_COMPARED = 1e6;
/** Characters of one mask or pattern: a picture of some 3,000 × 3,000 pixels in three colours. */
const MOST_BASE64 = 40_000_000;

const index = between(0, MOST_INDEX);
const classes = list(classIndex, MOST_CLASSES);

export const ScanWord = said(
  v.picklist(['suspicious', 'nothing found', 'not measurable']),
  '`not measurable`: the model classifies the images hardly better than by guessing, or too few classes were searched to compare them. It is never said of such a scan that nothing was found.',
);
export type ScanWord = v.InferOutput<typeof ScanWord>;

const comparedCount = whole(MOST_COMPARED);
const ComparedRate = object({ ...Rate.entries, hits: comparedCount, of: comparedCount });
/** Images right before and after a change of settings: the same images. */
const compared = {
  before: ComparedRate,
  after: ComparedRate,
  comparison: object({ ...McNemar.entries, onlyBefore: comparedCount, onlyAfter: comparedCount }),
};

export const OtherPixels = said(
  object({
    range: said(
      v.picklist(['as set', '0..1', '0..255', '-1..1', 'own']),
      "Range of what goes into the model: `as set`, pixels from 0 to 1, bytes, from -1 to 1, or standardised by the images' own mean and deviation.",
    ),
    images: said(
      v.picklist(['as they are', 'inverted', 'channels reversed']),
      'What has to be done with the image files first, since no setting does it.',
    ),
    scale: said(
      between(Number.MIN_VALUE, MOST_INDEX),
      'As in a defense config; each list of one number, or one per channel.',
    ),
    mean: list(between(-MOST_INDEX, MOST_INDEX), 1024),
    std: list(between(Number.MIN_VALUE, MOST_INDEX), 1024),
    flags: said(text, 'The same as options of the command line.'),
    ...compared,
  }),
  'Pixels as the model may have been trained on them: at least two points more images right, and p < 0.01. `before` and `after`: images right as set, and with these pixels, the same images.',
);
export type OtherPixels = v.InferOutput<typeof OtherPixels>;

export const OtherLabels = said(
  object({
    classes: said(
      list(object({ data: classIndex, model: classIndex }), MOST_CLASSES),
      'Labels of the data and the class of the model that they are, where the two differ; ascending by `data`.',
    ),
    ...compared,
  }),
  'Labels that name the classes in another order than the model does. `before` and `after`: images right as labelled, and in this order, the same images, none of which the order was read from.',
);
export type OtherLabels = v.InferOutput<typeof OtherLabels>;

export const ScanAdvice = said(
  object({
    sentence: said(text, 'What was measured, and what to do.'),
    settings: v.optional(
      said(
        list(OtherPixels, 100),
        'Other settings of the pixels, the best first; absent where none is clearly better.',
      ),
    ),
    labels: v.optional(
      said(
        OtherLabels,
        'An order of the classes that fits better than that of the labels; absent where there is none, or other settings explain it.',
      ),
    ),
  }),
  'Settings or labels under which the model is right on clearly more of the very same images.',
);
export type ScanAdvice = v.InferOutput<typeof ScanAdvice>;

export const EstimatedTrigger = said(
  object({
    mask: said(base64(MOST_BASE64), 'Base64 of height·width bytes.'),
    pattern: said(base64(MOST_BASE64), 'Base64 of height·width·channels bytes, NHWC.'),
  }),
  'A trigger by mask and pattern: x·(1 − mask) + pattern·mask, in the [0, 1] pixel range. Bytes, so that what is measured is exactly what is written here: value = byte / 255.',
);
export type EstimatedTrigger = v.InferOutput<typeof EstimatedTrigger>;

export const ClassInversion = said(
  object({
    target: classIndex,
    norm: said(atLeast0, "Sum of the estimate's mask over pixels (L1 norm), in pixels, 0 to height·width."),
    screened: said(
      atLeast0,
      'Norm after the screening, which gives every class the same number of steps; the mean over the seeds. What follows is based on it.',
    ),
    share: said(index, '`screened` as a share of the median of all classes.'),
    anomalyIndex: said(
      between(-MOST_INDEX, MOST_INDEX),
      '−ln(share) / (1.4826 · median of |ln(share)| over the classes), after Neural Cleanse, but on a logarithmic scale: positive for a mask smaller than the median. The divisor counts as at least 0.02.',
    ),
    success: said(Rate, 'Share of measured images of other classes that the estimated trigger sends to the target.'),
    steps: said(count, 'Steps of the search: screening, all seeds together, and what was spent on the final estimate.'),
    flagged: v.boolean(),
    estimate: said(
      v.nullable(EstimatedTrigger),
      'The estimate itself; null where pictures of all classes would make the report too large. Flagged classes always have it.',
    ),
  }),
  'The smallest trigger found for one class.',
);
export type ClassInversion = v.InferOutput<typeof ClassInversion>;

export const NeuralCleanseEvidence = said(
  object({
    method: v.literal('neural-cleanse'),
    limits: said(
      object({ index, share }),
      'What a class is flagged by: an anomaly index above `index` and a mask below `share` of the median of all classes.',
    ),
    medianNorm: said(atLeast0, 'Median of the screened norms, in pixels.'),
    batchSize: said(count, 'Images per step and class in the screening, and its steps.'),
    steps: count,
    seeds: said(
      list(whole(MOST_SEED), 100, 1),
      'Seeds of the searches; a second one where the first was a borderline case.',
    ),
    classes: said(list(ClassInversion, MOST_CLASSES), 'One entry for each class that was searched, in class order.'),
  }),
  'Result of trigger inversion (Neural Cleanse; Wang et al., IEEE S&P 2019): for every class, the smallest mask and pattern that send clean images to that class. A class whose mask is far smaller than those of the others is suspicious.',
);
export type NeuralCleanseEvidence = v.InferOutput<typeof NeuralCleanseEvidence>;

const suspect = {
  target: said(classIndex, 'The class that images are sent to.'),
  source: v.optional(
    said(classIndex, 'The class whose images are sent there, where the method can say; absent: images of any class.'),
  ),
  score: said(
    between(0, MOST_INDEX),
    'How far it is beyond the limits of the method: 1 at the limits; of several methods, the highest score.',
  ),
};

export const Suspect = said(
  object({ ...suspect, methods: said(list(text, MOST_METHODS, 1), 'The methods that suspect it.') }),
  'A class that a backdoor may send images to.',
);
export type Suspect = v.InferOutput<typeof Suspect>;

export const OtherEvidence = said(
  object({
    method: v.literal('other'),
    name: said(text, 'Name of the method.'),
    word: ScanWord,
    sentence: text,
    suspects: list(object(suspect), MOST_CLASSES),
  }),
  'Result of a method without a table of its own: what it found, in words and scores.',
);

export const Evidence = v.variant('method', [NeuralCleanseEvidence, OtherEvidence]);
export type Evidence = v.InferOutput<typeof Evidence>;

export const ScanResult = said(
  object({
    word: ScanWord,
    sentence: said(text, 'One or two sentences with the figures, and with what was tried.'),
    suspects: said(list(Suspect, MOST_CLASSES), 'What is suspected, the most suspicious first.'),
    cleanAccuracy: v.optional(
      said(
        Rate,
        'Images of the scan that the model classifies as labelled, before anything was searched. Absent in results of earlier versions.',
      ),
    ),
    advice: v.optional(
      said(
        ScanAdvice,
        'What speaks against the settings or the labels that the model was scanned with; absent where nothing does.',
      ),
    ),
    images: said(
      object({ search: count, measured: count }),
      'Clean images that were searched on, and held-out ones that success was measured on.',
    ),
    searched: v.optional(
      said(
        object({ classes, of: whole(MOST_CLASSES) }),
        'Where only some classes were asked for: these, ascending, and of how many. All figures compare only them. Absent: all were searched.',
      ),
    ),
    evidence: said(
      list(Evidence, MOST_METHODS),
      'What each method found; none where the model hardly knows the images, so that nothing was searched.',
    ),
  }),
  'What a scan found in a model without knowing a trigger: one answer, and what it is based on. It never says that a model is clean: `sentence` says what was tried.',
);
export type ScanResult = v.InferOutput<typeof ScanResult>;
