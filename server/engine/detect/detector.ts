import type { SearchPlan } from '../../protocol/messages/engine';
import type { Evidence, ScanWord, Suspect } from '../../protocol/report/scan';
import type { OpenModel } from '../model/model';
import type { InputSource, PassOptions } from '../pass/inputs';

/** What a detector searches, and on what: a model, clean images and wishes. */
export interface ScanSubject extends PassOptions {
  /** Clean images to search on. */
  search: InputSource;
  /** Other clean images, to measure the success of what was found. */
  measured: InputSource;
  /** Of all random numbers of the search. */
  seed: number;
  /** Classes whose trigger is wanted whether or not they are suspicious: the target of a known trigger. */
  wanted: readonly number[];
  /** Classes to search, ascending; default: all. */
  targets?: readonly number[];
  /** Called once, after the first steps. */
  onPlan?: (plan: SearchPlan) => void;
  /** How far it is, 0 to 1. */
  onProgress?: (done: number) => void;
  /** A class is known better than before: norm in pixels, and its share of the median once all classes have been screened. */
  onClass?: (target: number, norm: number, share: number | null) => void;
}

/** What one detector comes to, by itself. */
export interface Found {
  word: ScanWord;
  /** What was found and what was tried, with the figures; begins with the word. Never that a model is clean. */
  sentence: string;
  /** The most suspicious first. */
  suspects: Omit<Suspect, 'methods'>[];
  /** What that rests on, as it is written into reports. */
  evidence: Evidence;
}

/**
 * A way to look for a backdoor without knowing the trigger. It says what it found by its own limits; `decide.ts` makes one answer of what
 * all detectors found. Its budget is counted in images, not in seconds, so that the same inputs give the same evidence on every machine.
 */
export interface Detector {
  /** As reports name it. */
  readonly method: string;
  /** Everything that its result depends on beside the subject: an earlier scan with other settings is not used again. */
  readonly settings: object;
  /** Images that go through the network for so many classes, forward and backward: for the progress of a run. */
  passes(classes: number): number;
  /** @throws FinePruneError of kind `input` for a model that can't be searched this way */
  check(model: Pick<OpenModel, 'graph'>): void;
  /** @throws FinePruneError of kind `cancelled` within one step */
  search(subject: ScanSubject): Promise<Found>;
}
