import * as v from 'valibot';
import type { PruneRule, StrategyName } from '../../server/protocol/config';
import type { Failure } from '../../server/protocol/errors';
import type { Rate, TriggerKind } from '../../server/protocol/report/report';

/** What the messages of all pages are made of, with bounds on everything that has a size. */

/** Most units a layer may have. */
export const MOST_UNITS = 65_536;

/** True when two types are the same, optional fields included: a schema and the protocol's type can't drift apart. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Refuses to compile unless its argument is `true`. */
export type Holds<T extends true> = T;

export const text = v.pipe(v.string(), v.maxLength(65_536));
export const finite = v.pipe(v.number(), v.finite());
export const share = v.pipe(finite, v.minValue(0), v.maxValue(1));
/** A whole number from 0 to `most`. */
export const whole = (most: number = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
export const unit = whole(MOST_UNITS - 1);
export const unitCount = whole(MOST_UNITS);
export const list = <S extends v.GenericSchema>(item: S, most: number) => v.pipe(v.array(item), v.maxLength(most));

type Numbers = Float32Array | Int32Array | Uint32Array | Uint8Array;

/**
 * VS Code's channel carries a view as its class and its whole buffer, in both directions (serializeWebviewMessage in VS Code's
 * source), so that typed arrays arrive as what they were. A Node `Buffer` is the exception: it arrives as JSON and is refused here.
 */
const typed = <A extends Numbers>(name: string, is: (value: unknown) => value is A, most: number) =>
  v.pipe(
    v.custom<A>(is, `expected ${name}`),
    v.check((array) => array.length <= most, `${name} of more than ${most} values`),
  );
export const float32 = (most: number) =>
  v.pipe(
    typed('Float32Array', (value): value is Float32Array => value instanceof Float32Array, most),
    v.check((array) => array.every(Number.isFinite), 'a number that is not finite'),
  );
export const int32 = (most: number) =>
  typed('Int32Array', (value): value is Int32Array => value instanceof Int32Array, most);
export const uint32 = (most: number) =>
  typed('Uint32Array', (value): value is Uint32Array => value instanceof Uint32Array, most);
export const bytes = (most: number) =>
  typed('Uint8Array', (value): value is Uint8Array => value instanceof Uint8Array, most);

/** Indices of units, strictly ascending: each at most once. */
export function areUnits(indices: ArrayLike<number>, units: number = MOST_UNITS): boolean {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? -1;
    if (index < 0 || index >= units || (i > 0 && index <= (indices[i - 1] ?? 0))) return false;
  }
  return true;
}

/** Paired outcomes of the same images. */
export const mcNemar = v.object({ onlyBefore: whole(), onlyAfter: whole(), pValue: share });

export const failure = v.object({
  kind: v.picklist(['input', 'engine', 'cancelled']),
  code: text,
  message: text,
  file: v.optional(text),
  place: v.optional(text),
  todo: v.optional(text),
});
export type FailureHolds = Holds<Same<v.InferOutput<typeof failure>, Failure>>;

export const pruneRule = v.picklist(['clean-mean', 'clean-mean-abs', 'triggered-difference']);
export type PruneRuleHolds = Holds<Same<v.InferOutput<typeof pruneRule>, PruneRule>>;
export const triggerKind = v.picklist(['patch', 'blended', 'sinusoidal', 'warped', 'samples', 'inverted']);
export type TriggerKindHolds = Holds<Same<v.InferOutput<typeof triggerKind>, TriggerKind>>;
export const strategyName = v.picklist(['fine-pruning', 'fine-pruning-conv', 'guided', 'head-reset']);
export type StrategyNameHolds = Holds<Same<v.InferOutput<typeof strategyName>, StrategyName>>;

export const rate = v.object({ rate: share, hits: whole(), of: whole(), low: share, high: share });
export type RateHolds = Holds<Same<v.InferOutput<typeof rate>, Rate>>;

/** A function that takes only what fits the schema. What it throws names the place: `a message to the inspector, at answer.curve: …`. */
export function parser<T>(what: string, schema: v.GenericSchema<unknown, T>): (value: unknown) => T {
  return (value) => {
    const result = v.safeParse(schema, value, { abortEarly: true });
    if (result.success) return result.output;
    const [issue] = result.issues;
    const place = v.getDotPath(issue);
    throw new TypeError(`${what}${place ? `, at ${place}` : ''}: ${issue.message}`);
  };
}
