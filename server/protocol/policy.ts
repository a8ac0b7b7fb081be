import * as v from 'valibot';
import { GatesConfig } from './config/config';
import { Decision, MOST_DECISIONS } from './report/review';
import { list, object, said } from './shape/shape';

export const CheckPolicy = said(
  object({
    $schema: v.optional(said(v.string(), 'JSON schema of this file; editors fill it in.')),
    schemaVersion: said(v.picklist([2, 1]), 'Version of this format. 1 is still read.'),
    gates: v.optional(
      said(
        GatesConfig,
        "Limits for every report. A limit that is left out here is that of the base revision's config; without a base, the default.",
      ),
    ),
    requireReports: v.optional(
      said(
        v.array(v.pipe(v.string(), v.minLength(1, 'is empty; a glob was expected'))),
        'Globs of models that need a report, as paths from the root of the repository: `["**"]` for all, `["deploy/**"]` for a folder. A model that fits one and that no checked report is about fails the check.',
      ),
    ),
    acceptNothingFound: v.optional(
      said(
        v.boolean(),
        'Whether a model may pass because a scan finds nothing in it: one without a known trigger, or a new one on which the trigger of its report has no effect. Left out: true, where `fine-prune check --measure` makes that scan itself.',
      ),
    ),
    decisions: v.optional(
      said(
        list(Decision, MOST_DECISIONS),
        "The decisions that count; those beside the reports don't. Left out: those of the base revision; without a base, none.",
      ),
    ),
  }),
  'What every report has to meet, whatever its own config says: the file for `fine-prune check --policy`. It is not part of the change that is checked: with `--base`, a policy inside the repository is read from the base revision.',
);
/** As it is written: a limit may be left out. */
export type CheckPolicy = v.InferInput<typeof CheckPolicy>;
