import * as v from 'valibot';
import { DataFormat, SplitFiles } from './data';
import { above0, channels, object, said, wholeFrom } from './shape';

/** The clean data of a config, with every default filled in. */

/** Whose images the activation analysis reads. */
export const AnalysisRole = v.picklist(['test', 'holdout']);
export const some = wholeFrom(1);
export const scale = above0;

export const ResolvedData = object({
  format: DataFormat,
  train: SplitFiles,
  test: SplitFiles,
  analysis: AnalysisRole,
  holdout: said(
    wholeFrom(0),
    '5000 where the config leaves it out, which then stands for a fifth of the images, at most 5,000.',
  ),
  holdoutNamed: v.optional(
    said(v.literal(true), 'Where the config names 5,000 itself, up to half of the images; absent otherwise.'),
  ),
  fineTuneImages: v.nullable(some),
  analysisImages: v.nullable(some),
  testImages: v.nullable(some),
  scale,
  mean: channels,
  std: channels,
});
