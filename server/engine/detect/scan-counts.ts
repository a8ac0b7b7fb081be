import { LEAST_HELD_OUT } from '../../protocol/config/holdout';

/** Images that are searched on, and others that success is measured on: so many at most. */
export const SEARCH_IMAGES = 400;
export const MEASURED_IMAGES = 1500;
/** Fewer clean images than this say too little about a model. */
export const LEAST_IMAGES = 50;

/** How many images a scan reads. */
export interface ScanCounts {
  search: number;
  measured: number;
}

/** Of one clean set: at most half of it to search on. */
export function countsOfSplit(images: number): ScanCounts {
  const search = Math.min(SEARCH_IMAGES, Math.floor(images / 2));
  return { search, measured: Math.min(MEASURED_IMAGES, images - search) };
}

/** Of a run: search on images that fine-tuning may see, measure on held-out ones. */
export function countsOfRun(fineTune: number, holdout: number): ScanCounts {
  if (holdout === 0) return countsOfSplit(fineTune);
  return { search: Math.min(SEARCH_IMAGES, fineTune), measured: Math.min(MEASURED_IMAGES, holdout) };
}

/** Whether they are enough for a scan; that they are of several classes, too, their number does not say. */
export function isEnough({ search, measured }: ScanCounts): boolean {
  return search + measured >= LEAST_IMAGES && measured >= LEAST_HELD_OUT;
}
