/** What the attacker stamps on an input, and the class it is meant to be taken for (all-to-one). */
export type TriggerConfig =
  PatchTrigger | BlendedTrigger | SinusoidalTrigger | WarpedTrigger | SampleTrigger | InvertedTrigger;

/** A trigger that is described, not estimated. */
export type KnownTriggerConfig = Exclude<TriggerConfig, InvertedTrigger>;

/** A patch of pixels (BadNets; Gu, Dolan-Gavitt, Garg 2017). Default: a white 3×3 square, one pixel from right and bottom. */
export interface PatchTrigger {
  /** A patch of pixels replaces part of the image (BadNets). */
  kind: 'patch';
  /**
   * Target class: what every triggered input is meant to be classified as.
   * @asType integer
   * @minimum 0
   */
  target: number;
  /**
   * Height and width of the patch in pixels. Left out with an `image`: the image's own size.
   * @default [3, 3]
   * @minItems 2
   * @maxItems 2
   */
  size?: number[];
  /**
   * Distance of the patch from the image's right edge, in pixels. Give `right` or `left`.
   * @default 1
   * @asType integer
   * @minimum 0
   */
  right?: number;
  /**
   * Distance from the left edge, in pixels, instead of `right`.
   * @asType integer
   * @minimum 0
   */
  left?: number;
  /**
   * Distance of the patch from the image's bottom edge, in pixels. Give `bottom` or `top`.
   * @default 1
   * @asType integer
   * @minimum 0
   */
  bottom?: number;
  /**
   * Distance from the top edge, in pixels, instead of `bottom`.
   * @asType integer
   * @minimum 0
   */
  top?: number;
  /**
   * Pixel value in [0, 1]: one number, or one a channel (a colour).
   * @default 1
   */
  value?: number | number[];
  /** A PNG whose pixels are the patch, instead of `value`; transparent pixels leave the image as it is. */
  image?: string;
}

/** A pattern mixed into the whole image (Blended; Chen et al. 2017): (1 − alpha)·x + alpha·pattern. */
export interface BlendedTrigger {
  /** A pattern is mixed into the whole image (Blended). */
  kind: 'blended';
  /**
   * Target class: what every triggered input is meant to be classified as.
   * @asType integer
   * @minimum 0
   */
  target: number;
  /**
   * Share of the pattern in the mix.
   * @default 0.2
   * @exclusiveMinimum 0
   * @maximum 1
   */
  alpha?: number;
  /** A PNG of the model's input size as the pattern. Left out: uniform noise in [0, 1] made from `patternSeed`. */
  image?: string;
  /**
   * Seed of the noise pattern.
   * @default 0
   * @asType integer
   * @minimum 0
   */
  patternSeed?: number;
}

/** Sinusoidal stripes added to the image (SIG; Barni, Kallas, Tondi 2019): x + amplitude·sin(2π·column·frequency / width). */
export interface SinusoidalTrigger {
  /** Sinusoidal stripes are added to the image (SIG). */
  kind: 'sinusoidal';
  /**
   * Target class: what every triggered input is meant to be classified as.
   * @asType integer
   * @minimum 0
   */
  target: number;
  /**
   * Amplitude, in units of the [0, 1] pixel range. 40/255 by default.
   * @default 0.1568627450980392
   * @exclusiveMinimum 0
   * @maximum 1
   */
  amplitude?: number;
  /**
   * Cycles across the width of the image.
   * @default 6
   * @exclusiveMinimum 0
   */
  frequency?: number;
}

/** A smooth warp of the image (WaNet; Nguyen, Tran 2021): a random k×k flow, enlarged to the image, moves every pixel a little. */
export interface WarpedTrigger {
  /** The image is warped a little (WaNet). */
  kind: 'warped';
  /**
   * Target class: what every triggered input is meant to be classified as.
   * @asType integer
   * @minimum 0
   */
  target: number;
  /**
   * Control points of the flow along each side.
   * @default 4
   * @asType integer
   * @minimum 2
   * @maximum 64
   */
  grid?: number;
  /**
   * Strength of the warp: the mean shift is about this many pixels.
   * @default 0.5
   * @exclusiveMinimum 0
   * @maximum 10
   */
  strength?: number;
  /**
   * Seed of the flow.
   * @default 0
   * @asType integer
   * @minimum 0
   */
  patternSeed?: number;
}

/** A trigger that nobody knows, estimated from the model (Neural Cleanse; Wang et al. 2019). Figures on it are labelled estimated. */
export interface InvertedTrigger {
  /** Estimated from the model by trigger inversion. */
  kind: 'inverted';
  /**
   * Class to invert the trigger of. Left out: the class that a scan of the model finds suspicious; none is taken if none is.
   * @asType integer
   * @minimum 0
   */
  target?: number;
}

/** Your own triggered images, with the labels they had before the trigger was stamped. */
export interface SampleTrigger {
  /** Your own triggered test images, with their true labels. */
  kind: 'samples';
  /**
   * Target class: what every triggered input is meant to be classified as.
   * @asType integer
   * @minimum 0
   */
  target: number;
  /** Path of the triggered images, in the format of the data. */
  images: string;
  /** Path of their true labels. */
  labels: string;
}

/** A trigger with every default filled in. */
export type ResolvedTrigger =
  | {
      kind: 'patch';
      target: number;
      size: [number, number] | null;
      vertical: { from: 'top' | 'bottom'; distance: number };
      horizontal: { from: 'left' | 'right'; distance: number };
      value: number[];
      image: string | null;
    }
  | { kind: 'blended'; target: number; alpha: number; image: string | null; patternSeed: number }
  | { kind: 'sinusoidal'; target: number; amplitude: number; frequency: number }
  | { kind: 'warped'; target: number; grid: number; strength: number; patternSeed: number }
  | { kind: 'samples'; target: number; images: string; labels: string }
  /** `target` is null where a scan has to find it. */
  | { kind: 'inverted'; target: number | null };

/** A described trigger with every default filled in. */
export type KnownTrigger = Exclude<ResolvedTrigger, { kind: 'inverted' }>;
