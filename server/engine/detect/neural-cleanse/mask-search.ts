import type { RandomStream } from '../../data/random';
import { stampMask, type MaskAndPattern } from '../../triggers/mask';
import type { Shape } from '../../triggers/stamp';

/** Adam's settings of trigger inversion (Wang et al. 2019, in the authors' code). */
const LEARNING_RATE = 0.1;
const BETA_1 = 0.5;
const BETA_2 = 0.9;
const EPSILON = 1e-8;

/** Share of images that a trigger has to take to its class. */
const WANTED_SUCCESS = 0.98;
/** Steps between two looks at the success, after which the mask gets dearer or cheaper. */
export const LOOK_EVERY = 10;
const DEARER = 1.3;
const CHEAPER = 1.5;
/** Price of a pixel of the mask at the beginning, in nats of cross-entropy; in larger images than these it costs less, so that a whole mask costs alike. */
const FIRST_PRICE = 0.01;
const PRICED_PIXELS = 28 * 28;
/** Logit of the mask at the beginning, give or take a half: about a quarter of each pixel. */
const FIRST_MASK = -1;

/**
 * The search for the smallest mask and pattern that take images to one class: Adam on their logits, on cross-entropy plus
 * price · mask norm, the price following the success (Neural Cleanse: Wang et al., "Neural Cleanse: Identifying and Mitigating
 * Backdoor Attacks in Neural Networks", IEEE S&P 2019, section IV). The few thousand numbers of a mask are kept here in
 * float64; only the gradient by the images is the engine's.
 */
export class MaskSearch {
  readonly mask: Float32Array;
  readonly pattern: Float32Array;
  /** The smallest trigger so far that succeeds; null while none does. */
  best: MaskAndPattern | null = null;
  /** Looks since the best one became clearly smaller. */
  looksSinceBest = 0;
  steps = 0;
  private readonly values: Float64Array;
  private readonly m: Float64Array;
  private readonly v: Float64Array;
  private readonly slope: Float64Array;
  private price: number;
  private hits = 0;
  private seen = 0;

  /**
   * @param target class that images are to be taken for
   * @param bound norm that the mask is held to, in pixels; the search is then for the most success within it. Null searches for the
   *   smallest mask instead.
   */
  constructor(
    readonly target: number,
    private readonly shape: Shape,
    random: RandomStream,
    private readonly bound: number | null = null,
  ) {
    const [height, width, channels] = shape;
    const pixels = height * width;
    this.price = FIRST_PRICE * Math.min(1, PRICED_PIXELS / pixels);
    this.mask = new Float32Array(pixels);
    this.pattern = new Float32Array(pixels * channels);
    this.values = Float64Array.from(
      { length: pixels + this.pattern.length },
      (_, i) => (i < pixels ? FIRST_MASK : 0) + random.unit() - 0.5,
    );
    this.m = new Float64Array(this.values.length);
    this.v = new Float64Array(this.values.length);
    this.slope = new Float64Array(this.values.length);
    this.refresh();
  }

  /** Stamps the trigger of this step on whole images, from one array into another. */
  stamp(images: Float32Array, into: Float32Array): void {
    stampMask(this, this.shape[2], images, into);
  }

  /**
   * One step.
   * @param images whole images before the trigger was stamped, pixels in [0, 1]
   * @param gradient of the summed cross-entropy by the stamped pixels, as long as `images`
   * @param hits how many of the stamped images were taken for the target
   */
  step(images: Float32Array, gradient: Float32Array, hits: number): void {
    const { mask, pattern, values, m, v, slope } = this;
    const channels = this.shape[2];
    const pixels = mask.length;
    const size = pattern.length;
    const count = images.length / size;
    slope.fill(0);
    for (let at = 0; at < images.length; at += size) {
      for (let i = 0; i < size; i++) {
        const g = gradient[at + i]!;
        if (g === 0) continue;
        const p = channels === 1 ? i : Math.floor(i / channels);
        slope[p]! += g * (pattern[i]! - images[at + i]!);
        slope[pixels + i]! += g * mask[p]!;
      }
    }
    this.steps++;
    const unbiased1 = 1 - BETA_1 ** this.steps;
    const unbiased2 = 1 - BETA_2 ** this.steps;
    for (let i = 0; i < values.length; i++) {
      const share = i < pixels ? mask[i]! : pattern[i - pixels]!;
      const g = (slope[i]! / count + (i < pixels ? this.price : 0)) * share * (1 - share);
      m[i] = BETA_1 * m[i]! + (1 - BETA_1) * g;
      v[i] = BETA_2 * v[i]! + (1 - BETA_2) * g * g;
      values[i]! -= (LEARNING_RATE * (m[i]! / unbiased1)) / (Math.sqrt(v[i]! / unbiased2) + EPSILON);
    }
    this.hits += hits;
    this.seen += count;
    if (this.steps % LOOK_EVERY === 0) this.look();
    this.refresh();
  }

  /** The result: the smallest trigger that succeeded, or else the one of the last step. */
  result(): MaskAndPattern {
    return this.best ?? { mask: this.mask.slice(), pattern: this.pattern.slice(), norm: normOf(this.mask) };
  }

  private look(): void {
    const norm = normOf(this.mask);
    this.looksSinceBest++;
    if (this.bound !== null) {
      this.price *= norm > this.bound ? DEARER : 1 / CHEAPER;
      if (norm <= this.bound && this.hits >= this.mostHits) {
        this.best = { mask: this.mask.slice(), pattern: this.pattern.slice(), norm };
        this.mostHits = this.hits;
        this.looksSinceBest = 0;
      }
    } else if (this.hits >= WANTED_SUCCESS * this.seen) {
      if (!this.best || norm < this.best.norm) {
        if (!this.best || norm < 0.98 * this.best.norm) this.looksSinceBest = 0;
        this.best = { mask: this.mask.slice(), pattern: this.pattern.slice(), norm };
      }
      this.price *= DEARER;
    } else this.price /= CHEAPER;
    this.hits = 0;
    this.seen = 0;
  }

  private mostHits = 0;

  private refresh(): void {
    const { mask, pattern, values } = this;
    for (let i = 0; i < mask.length; i++) mask[i] = 1 / (1 + Math.exp(-values[i]!));
    for (let i = 0; i < pattern.length; i++) pattern[i] = 1 / (1 + Math.exp(-values[mask.length + i]!));
  }
}

export function normOf(mask: Float32Array): number {
  return mask.reduce((sum, share) => sum + share, 0);
}
