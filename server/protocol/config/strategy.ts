import * as v from 'valibot';

/** A way to repair a model. */
export const StrategyName = v.picklist(['fine-pruning', 'fine-pruning-conv', 'guided', 'head-reset']);
export type StrategyName = v.InferOutput<typeof StrategyName>;

/** A way to repair a model, or `auto` for all of them in the order of their cost. */
export const Strategy = v.picklist([...StrategyName.options, 'auto']);
export type Strategy = v.InferOutput<typeof Strategy>;

/** Any but the reference recipe. */
export const OtherStrategy = v.picklist(['fine-pruning-conv', 'guided', 'head-reset', 'auto']);
export type OtherStrategy = v.InferOutput<typeof OtherStrategy>;
