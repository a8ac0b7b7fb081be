import * as v from 'valibot';
import { DataFormat, DEFAULT_FORMAT, SplitFiles } from '../data-source';
import { AnalysisRole, scale, some } from './resolved-data';
import { finite, list, object, said, wholeFrom } from '../shape/shape';

/** The clean data of a config, as it is written. */

const perChannel = v.union([finite, list(finite, 1_024)]);

export const DataConfig = said(
  object({
    format: v.optional(
      said(DataFormat, "Format of the data files. `idx` reads MNIST's own format, plain or gzip-compressed."),
      DEFAULT_FORMAT,
    ),
    train: said(SplitFiles, 'Clean training data: fine-tuning, and the part of it that is held out for choices.'),
    test: said(SplitFiles, 'Clean test data: the reported figures.'),
    analysis: v.optional(
      said(
        AnalysisRole,
        'Which clean images the activation analysis reads. `test` is the reference set-up and flatters the result a little, since the same images are then used to measure; `holdout` takes the held-out part of the training data, so that the test set stays unseen.',
      ),
      'test',
    ),
    holdout: v.optional(
      said(
        wholeFrom(0),
        'Number of training images that are held out from fine-tuning. Choices, such as the largest pruning ratio within the accuracy limit, are made on them and never on the test set. Left out: a fifth of the training set, at most 5,000. A number that is given counts up to half of the training set; 0 means no choices.',
      ),
    ),
    fineTuneImages: v.optional(
      said(
        some,
        'Use only this many training images for fine-tuning, drawn with the seed. Left out: all that are not held out.',
      ),
    ),
    analysisImages: v.optional(
      said(some, 'Use only this many images for the activation analysis, drawn with the seed. Left out: all.'),
    ),
    testImages: v.optional(said(some, 'Use only this many test images, drawn with the seed. Left out: all.')),
    scale: v.optional(
      said(scale, 'Factor that maps a stored pixel value to the range [0, 1], where triggers act. 1/255 for bytes.'),
      0.00392156862745098,
    ),
    mean: v.optional(
      said(
        perChannel,
        'Mean subtracted after scaling (and after a trigger is stamped): one number, or one per channel.',
      ),
      0,
    ),
    std: v.optional(
      said(
        perChannel,
        'Standard deviation to divide by after the mean is subtracted: one number, or one per channel. Above 0.',
      ),
      1,
    ),
  }),
  'Clean data. Paths are relative to the config file and stay inside the workspace or an allowed data folder.',
);
/** As it is written: what has a default may be left out. */
export type DataConfig = v.InferInput<typeof DataConfig>;
