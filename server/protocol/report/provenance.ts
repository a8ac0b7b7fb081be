import * as v from 'valibot';
import { BackendName } from '../backend';
import { ResolvedConfig } from '../config/resolved-config';
import { list, MOST_ENTRIES, object, said, text, whole } from '../shape/shape';

/** What a result was made with. */

/** The tool and engine, of runs and scans alike. */
export const MadeWith = object({
  tool: text,
  backend: BackendName,
  engine: text,
  threads: whole(4096, 1),
  oneDnn: v.nullable(v.boolean()),
  cpuFeatures: list(text, MOST_ENTRIES),
  step: v.optional(
    said(v.picklist(['graph', 'eager']), 'How a training step was computed; absent: one call for each operation.'),
  ),
});

export const OverriddenSetting = said(
  v.picklist(['strategy', 'data.fineTuneImages', 'seed', 'curve']),
  'A setting that a command line may give instead of the config, by its path there.',
);
export type OverriddenSetting = v.InferOutput<typeof OverriddenSetting>;

export const Provenance = object({
  ...MadeWith.entries,
  configHash: said(text, 'SHA-256 of the canonical resolved config file, before overrides from a command line.'),
  config: said(ResolvedConfig, 'What was run: the resolved config with such overrides.'),
  overridden: v.optional(
    said(
      list(OverriddenSetting, 4, 1),
      'Settings of `config` from the command line that differ from the config file; absent where there are none. Engine and threads are not listed: they do not change what is computed.',
    ),
  ),
});
export type Provenance = v.InferOutput<typeof Provenance>;

/**
 * What identifies a model: see `engine/model/identity.ts`. Reports and scans of version 0.1 have other hashes under these names, and no
 * `form`.
 */
export const hashes = {
  topology: said(text, 'SHA-256 of what the layers compute: the op graph, without names.'),
  weights: said(text, 'SHA-256 of the values that the layers read.'),
  form: v.optional(
    said(
      text,
      'SHA-256 of how the file holds the two: format, names, types and places. Absent in files of version 0.1.',
    ),
  ),
};

/** [height, width, channels] of an image. */
export const ImageShape = said(v.strictTuple([whole(), whole(), whole()]), '[height, width, channels].');

/** Each of them is looked for, and hashed. */
const MOST_FILES = 256;
export const HashedFiles = list(object({ path: text, sha256: text }), MOST_FILES);
