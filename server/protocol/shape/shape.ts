import * as v from 'valibot';

/**
 * What the shapes of files and messages are made of. A shape is said once, in valibot: the type, the JSON schema in `schemas/`, what a
 * reader refuses and what a page takes all come from it. The message of a bound is what follows the place: "is 1.5; a share from 0 to 1
 * was expected".
 */

/** Far above any data set or layer, far below where sums of doubles lose a unit. */
export const MOST_COUNT = 1e12;
export const MOST_UNITS = 1e6;
export const MOST_CLASSES = 1e5;
/** Most units that a config names, and that the inspector shows of a layer. */
export const MOST_NAMED_UNITS = 65_536;
/** Entries of a list that nothing else bounds. */
export const MOST_ENTRIES = 10_000;

type Schema = v.GenericSchema;
type Issue = v.BaseIssue<unknown>;

/** Of schemas of numbers: whether a value fits. Reports have millions of numbers, and what fits needs no words. */
const numberTests = new WeakMap<Schema, (value: unknown) => boolean>();

/** A schema that is asked only about what does not fit. */
function quick<S extends Schema>(schema: S, fits: (value: unknown) => boolean): S {
  const made: S = {
    ...schema,
    '~run': (dataset, config) =>
      fits(dataset.value) ? Object.assign(dataset, { typed: true as const }) : schema['~run'](dataset, config),
  };
  numberTests.set(made, fits);
  return made;
}

/** A schema with the text that hovers and completion show for it. */
export function said<const S extends Schema>(schema: S, text: string) {
  const described = v.pipe(schema, v.description(text));
  // A description is nothing to check.
  return { ...described, '~run': schema['~run'] } as typeof described;
}

/** An object with these fields and no others. What is parsed has its fields in this order. */
export function object<const E extends v.ObjectEntries>(entries: E) {
  const schema = v.strictObject(entries);
  const run = schema['~run'].bind(schema);
  return {
    ...schema,
    '~run'(dataset, config) {
      if (!Array.isArray(dataset.value)) return run(dataset, config);
      // To valibot a list is an object, too.
      const refused = run({ value: undefined }, config);
      for (const issue of refused.issues ?? []) Object.assign(issue, { input: dataset.value });
      return refused;
    },
  } as typeof schema;
}

/** A schema, or the union of several: where there is one, its own faults are reported. */
export function oneOf<const S extends Schema>(
  schemas: readonly S[],
): v.GenericSchema<v.InferInput<S>, v.InferOutput<S>> {
  const [first, ...others] = schemas;
  return (others.length === 0 ? first! : v.union([...schemas])) as v.GenericSchema<v.InferInput<S>, v.InferOutput<S>>;
}

/** A number as a message shows it. */
const was =
  (expected: string) =>
  ({ input }: Issue): string =>
    `is ${String(input)}; ${expected} was expected`;

/** Numbers in a range. @param expected what a message says was expected */
const range = (least: number, most: number, expected: string) =>
  quick(
    v.pipe(v.number(), v.minValue(least, was(expected)), v.maxValue(most, was(expected))),
    (value) => typeof value === 'number' && value >= least && value <= most,
  );

export const between = (least: number, most: number) => range(least, most, `a number from ${least} to ${most}`);
export const share = range(0, 1, 'a share from 0 to 1');
export const signedShare = range(-1, 1, 'a share from -1 to 1');
export const atLeast0 = range(0, Number.MAX_VALUE, 'a number of at least 0');
/** Any number that JSON can hold. */
export const finite = quick(v.pipe(v.number(), v.finite(was('a number'))), Number.isFinite);

/** A number above 0. */
export const above0 = v.pipe(finite, v.gtValue(0, was('a number above 0')));
/** A number above 0, at most `most`. */
export const above0To = (most: number) => {
  const message = was(`a number above 0 and at most ${most}`);
  return v.pipe(v.number(), v.gtValue(0, message), v.maxValue(most, message));
};
/** A whole number that nothing bounds from above, such as a seed. */
export const wholeFrom = (least: number) => {
  const message = was(`a whole number of at least ${least}`);
  return v.pipe(v.number(), v.integer(message), v.minValue(least, message));
};

/** A whole number in a range; a count where nothing is said. */
export function whole(most: number = MOST_COUNT, least = 0) {
  const message = was(`a whole number from ${least} to ${most}`);
  return quick(
    v.pipe(v.number(), v.integer(message), v.minValue(least, message), v.maxValue(most, message)),
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  );
}
export const count = whole();
export const unitCount = whole(MOST_UNITS);
export const unitIndex = whole(MOST_UNITS - 1);
export const classIndex = whole(MOST_CLASSES - 1);

const textOf = (most: number) =>
  v.pipe(
    v.string(),
    v.maxLength(most, ({ input }) => `has ${input.length} characters; at most ${most} were expected`),
  );
/** A text of a file. */
export const text = textOf(1_000_000);
/** A text of a message. */
export const shortText = textOf(65_536);

/** A list of `least` to `most` entries. */
export function list<const S extends Schema>(item: S, most: number, least = 0) {
  const words = `${least === 0 ? 'at most' : `${least} to`} ${most} were expected`;
  const message = ({ input }: { input: unknown[] }): string => `has ${input.length} entries; ${words}`;
  const tooLong = v.maxLength<unknown[], number, typeof message>(most, message);
  const short = v.pipe(v.array(item), v.maxLength(most, message));
  const bounded = least === 0 ? short : (v.pipe(short, v.minLength(least, message)) as unknown as typeof short);
  const run = bounded['~run'];
  const fits = numberTests.get(item);
  return {
    ...bounded,
    '~run'(dataset, config) {
      const { value } = dataset;
      if (!Array.isArray(value)) return run(dataset, config);
      // Nothing of it is looked at.
      if (value.length > most) return tooLong['~run']({ typed: true, value }, config) as ReturnType<typeof run>;
      if (!fits || value.length < least || !allFit(value, fits)) return run(dataset, config);
      return Object.assign(dataset, { typed: true }) as unknown as ReturnType<typeof run>;
    },
  } as typeof bounded;
}

function allFit(values: readonly unknown[], fits: (value: unknown) => boolean): boolean {
  // `every` takes no look at holes.
  for (let at = 0; at < values.length; at++) if (!fits(values[at])) return false;
  return true;
}

/** Each value of a list at most once. */
export const distinct = v.rawCheck<number[]>(({ dataset, addIssue }) => {
  if (!dataset.typed) return;
  const seen = new Set<number>();
  for (const [key, value] of dataset.value.entries()) {
    if (seen.has(value)) {
      addIssue({
        message: `names ${value} twice`,
        path: [{ type: 'array', origin: 'value', input: dataset.value, key, value }],
      });
      return;
    }
    seen.add(value);
  }
});

/** Base64, in the one way of writing it. */
export const base64 = (mostCharacters: number) => v.pipe(textOf(mostCharacters), v.check(isBase64, 'is not base64'));

/** Whether a text is base64 with its padding, no bit left over. */
function isBase64(value: string): boolean {
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0;
  if (value.length % 4 !== 0 || /[^A-Za-z0-9+/]/.test(padding === 0 ? value : value.slice(0, -padding))) return false;
  const last = value.at(-1 - padding) ?? '';
  return padding === 0 || (padding === 2 ? 'AQgw' : 'AEIMQUYcgkosw048').includes(last);
}

/** Number of bytes that a base64 text holds. */
export function base64Bytes(value: string): number {
  return (value.length / 4) * 3 - (value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0);
}

/** One number per channel. */
export const channels = list(finite, 65_535);
