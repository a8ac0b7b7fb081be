import * as v from 'valibot';
import { finite, list, object, said, wholeFrom } from '../shape/shape';
import { alpha, amplitude, distance, frequency, grid, seed, strength, target } from './trigger';

/** Triggers as a config describes them. Their texts are what a person reads in a hover and in completion. */

export const PatchTrigger = said(
  object({
    kind: said(v.literal('patch'), 'A patch of pixels replaces part of the image (BadNets).'),
    target,
    size: v.optional(
      said(
        list(finite, 2, 2),
        "Height and width of the patch in pixels. Left out with an `image`: the image's own size.",
      ),
      [3, 3],
    ),
    right: v.optional(
      said(distance, "Distance of the patch from the image's right edge, in pixels. Give `right` or `left`."),
      1,
    ),
    left: v.optional(said(distance, 'Distance from the left edge, in pixels, instead of `right`.')),
    bottom: v.optional(
      said(distance, "Distance of the patch from the image's bottom edge, in pixels. Give `bottom` or `top`."),
      1,
    ),
    top: v.optional(said(distance, 'Distance from the top edge, in pixels, instead of `bottom`.')),
    value: v.optional(
      said(v.union([finite, v.array(finite)]), 'Pixel value in [0, 1]: one number, or one per channel (a colour).'),
      1,
    ),
    image: v.optional(
      said(
        v.string(),
        'A PNG whose pixels are the patch, instead of `value`; transparent pixels leave the image as it is.',
      ),
    ),
  }),
  'A patch of pixels (BadNets; Gu, Dolan-Gavitt, Garg 2017). Default: a white 3×3 square, one pixel from right and bottom.',
);

export const BlendedTrigger = said(
  object({
    kind: said(v.literal('blended'), 'A pattern is mixed into the whole image (Blended).'),
    target,
    alpha: v.optional(said(alpha, 'Share of the pattern in the mix.'), 0.2),
    image: v.optional(
      said(
        v.string(),
        "A PNG of the model's input size as the pattern. Left out: uniform noise in [0, 1] made from `patternSeed`.",
      ),
    ),
    patternSeed: v.optional(said(seed, 'Seed of the noise pattern.'), 0),
  }),
  'A pattern mixed into the whole image (Blended; Chen et al. 2017): (1 − alpha)·x + alpha·pattern.',
);

export const SinusoidalTrigger = said(
  object({
    kind: said(v.literal('sinusoidal'), 'Sinusoidal stripes are added to the image (SIG).'),
    target,
    amplitude: v.optional(
      said(amplitude, 'Amplitude, in units of the [0, 1] pixel range. 40/255 by default.'),
      0.1568627450980392,
    ),
    frequency: v.optional(said(frequency, 'Cycles across the width of the image.'), 6),
  }),
  'Sinusoidal stripes added to the image (SIG; Barni, Kallas, Tondi 2019): x + amplitude·sin(2π·column·frequency / width).',
);

export const WarpedTrigger = said(
  object({
    kind: said(v.literal('warped'), 'The image is warped a little (WaNet).'),
    target,
    grid: v.optional(said(grid, 'Control points of the flow along each side.'), 4),
    strength: v.optional(said(strength, 'Strength of the warp: the mean shift is about this many pixels.'), 0.5),
    patternSeed: v.optional(said(seed, 'Seed of the flow.'), 0),
  }),
  'A smooth warp of the image (WaNet; Nguyen, Tran 2021): a random k×k flow, enlarged to the image, moves every pixel a little.',
);

export const SampleTrigger = said(
  object({
    kind: said(v.literal('samples'), 'Your own triggered test images, with their true labels.'),
    target,
    images: said(v.string(), 'Path of the triggered images, in the format of the data.'),
    labels: said(v.string(), 'Path of their true labels.'),
  }),
  'Your own triggered images, with the labels they had before the trigger was stamped.',
);

export const InvertedTrigger = said(
  object({
    kind: said(v.literal('inverted'), 'Estimated from the model by trigger inversion.'),
    target: v.optional(
      said(
        wholeFrom(0),
        'Class whose trigger is estimated. Left out: the class that a scan of the model finds suspicious, if there is one.',
      ),
    ),
  }),
  'An unknown trigger, estimated from the model (Neural Cleanse; Wang et al. 2019). Figures on it are labelled estimated.',
);

export const TriggerConfig = said(
  v.variant('kind', [PatchTrigger, BlendedTrigger, SinusoidalTrigger, WarpedTrigger, SampleTrigger, InvertedTrigger]),
  'What the attacker stamps on an input, and the class it is meant to be taken for (all-to-one).',
);
/** As it is written: what has a default may be left out. */
export type TriggerConfig = v.InferInput<typeof TriggerConfig>;
/** A trigger that is described, not estimated. */
export type KnownTriggerConfig = Exclude<TriggerConfig, { kind: 'inverted' }>;
