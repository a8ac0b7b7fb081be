import type { Detector } from './detector';
import { neuralCleanse } from './neural-cleanse/detector';

/** Every detector that a scan runs, in the order of the evidence in reports. */
export const DETECTORS: readonly Detector[] = [neuralCleanse];
