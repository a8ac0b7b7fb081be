import { pixelWords, type OtherLabels, type OtherPixels, type ScanAdvice } from '../../protocol/report/scan';
import { isAlike } from './advice';
import { capital, list, pWords, percent } from '../../protocol/words';

/** Classes in another order that a sentence names; the result has them all. */
const MOST_NAMED = 6;

/** What to do with the files, since no setting does it. */
const REWRITE: Record<OtherPixels['images'], string> = {
  'as they are': '',
  inverted:
    'No setting inverts images: save the image file with 255 minus each byte (1 minus each pixel where they are floats)',
  'channels reversed':
    'No setting reverses channels: save the image file with the channels of each pixel from last to first',
};

/** What fits a model better than what it was scanned with, with the figures, and what to do. */
export function adviceSentence({ settings, labels }: Omit<ScanAdvice, 'sentence'>): string {
  const [best, ...others] = settings ?? [];
  return [
    ...(best
      ? [
          pixelSentence(
            best,
            others.filter((one) => isAlike(one, best)),
          ),
        ]
      : []),
    ...(labels ? [labelSentence(labels)] : []),
  ].join(' ');
}

function pixelSentence(other: OtherPixels, alike: readonly OtherPixels[]): string {
  const { range, images, scale, mean, std, flags, before, after, comparison } = other;
  const set = `set ${flags} (in a config: "scale": ${scale}, "mean": ${json(mean)}, "std": ${json(std)})`;
  const todo =
    images === 'as they are' ? `${capital(set)}` : `${REWRITE[images]}${range === 'as set' ? '' : `, and ${set}`}`;
  const others = alike.length ? ` ${capital(list(alike.map(pixelWords)))} fit about as well.` : '';
  return `The model seems to expect ${pixelWords(other)}: with these, ${percent(after.rate)} of the same ${after.of} images are classified correctly; with the current settings, ${percent(before.rate)} (${pWords(comparison.pValue)}). ${todo}.${others}`;
}

function labelSentence({ classes, before, after, comparison }: OtherLabels): string {
  const named = classes
    .slice(0, MOST_NAMED)
    .map(({ data, model }, at) =>
      at === 0 ? `the model's class ${model} is the data's class ${data}` : `${model} is ${data}`,
    )
    .join(', ');
  const more = classes.length > MOST_NAMED ? ` and ${classes.length - MOST_NAMED} more` : '';
  return `The labels seem to be in a different order from the model's classes: ${named}${more}. In this order, ${percent(after.rate)} of ${after.of} images are classified correctly; as labelled, ${percent(before.rate)} (${pWords(comparison.pValue)}). Renumber the labels, or use the labels that belong to this model.`;
}

const json = (values: readonly number[]): string => (values.length === 1 ? String(values[0]) : JSON.stringify(values));
