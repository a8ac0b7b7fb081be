import type { OtherLabels, OtherPixels, ScanAdvice } from '../../protocol/scan';
import { pWords } from '../report/compare-words';
import { percent } from '../report/words';

/** Classes in another order that a sentence names; the result has them all. */
const MOST_NAMED = 6;

const RANGES: Record<OtherPixels['range'], string> = {
  'as set': 'other images',
  '0..1': 'pixels from 0 to 1',
  '0..255': 'raw bytes, from 0 to 255',
  '-1..1': 'pixels from -1 to 1',
  own: 'pixels less their own mean, divided by their own deviation',
};
const IMAGES: Record<OtherPixels['images'], string> = { 'as they are': '', inverted: 'inverted', 'channels reversed': 'with the channels in reverse order (BGR for RGB)' };
/** What to do with the files, since no setting does it. */
const REWRITE: Record<OtherPixels['images'], string> = {
  'as they are': '',
  inverted: 'No setting inverts images: write the image file anew with 255 less each byte (1 less each pixel where they are floats)',
  'channels reversed': 'No setting reverses channels: write the image file anew with the channels of each pixel from last to first',
};

/** What fits a model better than what it was scanned with, with the figures, and what to do. */
export function adviceSentence({ settings, labels }: Omit<ScanAdvice, 'sentence'>): string {
  const [best] = settings ?? [];
  return [...(best ? [pixelSentence(best)] : []), ...(labels ? [labelSentence(labels)] : [])].join(' ');
}

/** Another setting in a few words: `pixels from -1 to 1`, `inverted images`. */
export function pixelWords({ range, images }: Pick<OtherPixels, 'range' | 'images'>): string {
  if (range !== 'as set') return [RANGES[range], IMAGES[images]].filter(Boolean).join(', ');
  return images === 'inverted' ? 'inverted images' : `images ${IMAGES[images]}`;
}

function pixelSentence(other: OtherPixels): string {
  const { range, images, scale, mean, std, flags, before, after, comparison } = other;
  const set = `set ${flags} (in a config: "scale": ${scale}, "mean": ${list(mean)}, "std": ${list(std)})`;
  const todo = images === 'as they are' ? `${set[0]!.toUpperCase()}${set.slice(1)}` : `${REWRITE[images]}${range === 'as set' ? '' : `, and ${set}`}`;
  return `The model seems to take ${pixelWords(other)}: so ${percent(after.rate)} of the same ${after.of} images are right, as set ${percent(before.rate)} (${pWords(comparison.pValue)}). ${todo}.`;
}

function labelSentence({ classes, before, after, comparison }: OtherLabels): string {
  const named = classes.slice(0, MOST_NAMED).map(({ data, model }, at) => (at === 0 ? `the model's class ${model} is the data's class ${data}` : `${model} is ${data}`)).join(', ');
  const more = classes.length > MOST_NAMED ? ` and ${classes.length - MOST_NAMED} more` : '';
  return `The labels look to be in another order than the model's classes: ${named}${more}. So ${percent(after.rate)} of ${after.of} images are right, as labelled ${percent(before.rate)} (${pWords(comparison.pValue)}). Renumber the labels, or name those that belong to this model.`;
}

const list = (values: readonly number[]): string => (values.length === 1 ? String(values[0]) : JSON.stringify(values));
