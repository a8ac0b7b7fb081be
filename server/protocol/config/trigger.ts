import * as v from 'valibot';
import { above0, above0To, channels, finite, object, said, text, whole, wholeFrom } from '../shape/shape';

/** Triggers with every default filled in. */

export const target = said(wholeFrom(0), 'Target class: what every triggered input is meant to be classified as.');
export const distance = wholeFrom(0);
export const seed = wholeFrom(0);
export const alpha = above0To(1);
export const amplitude = above0To(1);
export const frequency = above0;
export const grid = whole(64, 2);
export const strength = above0To(10);

const image = v.nullable(text);
const edge = <const T extends readonly [string, string]>(names: T) => object({ from: v.picklist(names), distance });

/** A trigger with every default filled in. */
export const ResolvedTrigger = v.variant('kind', [
  object({
    kind: v.literal('patch'),
    target,
    size: v.nullable(v.strictTuple([finite, finite])),
    vertical: edge(['top', 'bottom']),
    horizontal: edge(['left', 'right']),
    value: channels,
    image,
  }),
  object({ kind: v.literal('blended'), target, alpha, image, patternSeed: seed }),
  object({ kind: v.literal('sinusoidal'), target, amplitude, frequency }),
  object({ kind: v.literal('warped'), target, grid, strength, patternSeed: seed }),
  object({ kind: v.literal('samples'), target, images: text, labels: text }),
  object({ kind: v.literal('inverted'), target: said(v.nullable(target), 'Null where a scan has to find it.') }),
]);
export type ResolvedTrigger = v.InferOutput<typeof ResolvedTrigger>;

/** A described trigger with every default filled in. */
export type KnownTrigger = Exclude<ResolvedTrigger, { kind: 'inverted' }>;

export const TriggerKind = v.picklist(['patch', 'blended', 'sinusoidal', 'warped', 'samples', 'inverted']);
export type TriggerKind = v.InferOutput<typeof TriggerKind>;
