import type { GatesConfig } from './config';
import type { Decision } from './report/review';

/**
 * What every report has to meet, whatever its own config says: the file for `fine-prune check --policy`. It stands outside of the
 * change that is checked: with `--base`, a policy inside the repository is read from the base revision.
 */
export interface CheckPolicy {
  /** JSON schema of this file; editors fill it in. */
  $schema?: string;
  /** Version of this format. */
  schemaVersion: 1;
  /** Limits for every report. A limit that is left out here is that of the base revision's config; without a base, the default. */
  gates?: GatesConfig;
  /** The decisions that count; those beside the reports don't. Left out: those of the base revision; without a base, none. */
  decisions?: Decision[];
}
