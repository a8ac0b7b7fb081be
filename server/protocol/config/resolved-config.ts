import * as v from 'valibot';
import { BackendChoice } from '../backend';
import { ResolvedData } from './resolved-data';
import { PruneRatio, PruneRule } from './pruning';
import { above0To, list, MOST_NAMED_UNITS, object, said, share, text, whole, wholeFrom } from '../shape/shape';
import { OtherStrategy } from './strategy';
import { ResolvedTrigger } from './trigger';

/** The defense config with every default filled in. */

export const CurveCost = v.picklist(['quick', 'full']);
export const epochs = whole(1000);
export const learningRate = above0To(1);
export const batchSize = whole(8192, 1);
export const seed = whole(4_294_967_295);
export const threads = whole(64, 1);

export const ResolvedConfig = said(
  object({
    model: text,
    data: ResolvedData,
    trigger: v.nullable(ResolvedTrigger),
    layer: v.nullable(text),
    prune: said(
      object({
        ratio: v.nullable(PruneRatio),
        rule: PruneRule,
        units: v.optional(list(wholeFrom(0), MOST_NAMED_UNITS)),
      }),
      '`units`: the units that the config names, ascending, and only where it does; `ratio` is null then and never otherwise.',
    ),
    strategy: v.optional(said(OtherStrategy, 'Only where it is not `fine-pruning`.')),
    curve: CurveCost,
    fineTune: object({ epochs, learningRate, batchSize }),
    gates: object({ maxAttackSuccessRate: share, maxAccuracyDrop: share, acceptEstimated: v.boolean() }),
    seed,
    backend: BackendChoice,
    threads,
  }),
  'A config with every default filled in and every path as it was written: what the engine works from and the report records.',
);
export type ResolvedConfig = v.InferOutput<typeof ResolvedConfig>;
