import * as v from 'valibot';
import { DATA_FORMATS, DataFormat, fieldsOf, type SplitFiles } from '../data-source';
import { above0, channels, object, oneOf, said, text, wholeFrom } from '../shape/shape';

/** The clean data of a config, with every default filled in. */

/** Whose images the activation analysis reads. */
export const AnalysisRole = v.picklist(['test', 'holdout']);
export const some = wholeFrom(1);
export const scale = above0;

/** The files of a split, in the fields of a format: the table says them to the compiler as text only. */
export const ResolvedSplit = oneOf(
  DATA_FORMATS.map((format) => object(Object.fromEntries(fieldsOf(format).map(({ name }) => [name, text])))),
) as unknown as v.GenericSchema<SplitFiles>;

export const ResolvedData = object({
  format: DataFormat,
  train: ResolvedSplit,
  test: ResolvedSplit,
  analysis: AnalysisRole,
  holdout: said(
    wholeFrom(0),
    '5000 where the config leaves it out, which then means a fifth of the images, at most 5,000.',
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
