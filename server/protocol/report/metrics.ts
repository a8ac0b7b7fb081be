/** What was measured: shares with their counts, confusion, and what a trigger does. */

/** A share with its count and 95 % Wilson score interval (Wilson 1927). */
export interface Rate {
  /** hits / of, in [0, 1]. */
  rate: number;
  hits: number;
  of: number;
  /** Lower and upper bound of the 95 % Wilson interval. */
  low: number;
  high: number;
}

/** Success of a trigger on images of other classes. */
export interface TriggeredRate extends Rate {
  /**
   * Where more than 1 % of the same images go to the class without the trigger: how many do, and how many do only with the trigger
   * (`gained`) or only without it (`lost`). The success is then judged by its excess, (gained − lost) / of.
   */
  untriggered?: { hits: number; gained: number; lost: number };
}

export interface StageMetrics {
  cleanAccuracy: Rate;
  /** Null without a trigger. Over triggered inputs whose true class is not the target. */
  attackSuccessRate: Rate | null;
  /** Null without a trigger. Over those same inputs: classified as their true class. */
  robustAccuracy: Rate | null;
  /** Rows: true class, columns: predicted class, counts over the clean test images. Empty above 100 classes: see `sparse`. */
  confusion: number[][];
  /** The same over the triggered inputs of the ASR; null without a trigger, empty above 100 classes. */
  triggeredConfusion: number[][] | null;
  /** Clean accuracy of each class; empty above 100 classes, where `sparse` has the counts. */
  perClass: Rate[];
  /** Above 100 classes, in place of the three above. */
  sparse?: { clean: SparseConfusion; triggered: SparseConfusion | null };
  /** What the trigger does to every test image; absent without a trigger, and in reports that an earlier version wrote. */
  effect?: TriggerEffect;
}

/** A confusion matrix of many classes: counts by true class, and what was taken for another class. */
export interface SparseConfusion {
  /** Images of each true class, and how many of them are classified as labelled. */
  of: number[];
  correct: number[];
  /** [true class, predicted class, images], by class; at most 5,000 of them, those with the most images. */
  wrong: [label: number, predicted: number, images: number][];
  /** Images in cells that are left out of `wrong`. */
  omitted: number;
}

/**
 * What a trigger does to the test images, those of the target class too: each with it and without it, by the same model. For a
 * class, an image that is not labelled so and is taken for it only with the trigger is *gained*, one only without it *lost*; the
 * *excess* is (gained − lost) / images not labelled so.
 */
export interface TriggerEffect {
  /**
   * Share of the ASR's images that are taken for the target without the trigger. Triggered samples of a person's own have no twin
   * without it: hits and number are then of the test images of other classes, rate and interval of these weighted by the samples' classes.
   */
  baseRate: Rate;
  /** What the images of the target class are taken for with the trigger: [predicted class, images]; none for 0. */
  ofTarget: [predicted: number, images: number][];
  /** Classes that gain or lose an image, by number; null for samples, which have no twins. */
  classes: { class: number; gained: number; lost: number }[] | null;
  /** Images that are wrong with the trigger less those that it makes right, as a share of all with the trigger, in [−1, 1]. */
  netWrong: number;
}

/** McNemar's exact test on paired outcomes (McNemar 1947; two-sided binomial on the discordant pairs). */
export interface McNemar {
  /** Right (or successful) before, not after. */
  onlyBefore: number;
  /** Right (or successful) after, not before. */
  onlyAfter: number;
  pValue: number;
}
