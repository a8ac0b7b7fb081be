import * as v from 'valibot';
import { whole, MOST_NAMED_UNITS } from '../shape/shape';
import { faultOf } from '../shape/shape-fault';

/**
 * What the messages of all pages are made of, with bounds on everything that has a size. A message's fields that it does not know are
 * left out.
 */

/** Most classes that a page shows. */
export const MOST_SHOWN_CLASSES = 65_536;
export const MOST_IMAGE_BYTES = 4 * 1024 * 1024;
const MOST_EXPORT_BYTES = 256 * 1024 * 1024;

export const unit = whole(MOST_NAMED_UNITS - 1);
export const unitCount = whole(MOST_NAMED_UNITS);
export const shownClass = whole(MOST_SHOWN_CLASSES - 1);

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
export function areUnits(indices: ArrayLike<number>, units: number = MOST_NAMED_UNITS): boolean {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? -1;
    if (index < 0 || index >= units || (i > 0 && index <= (indices[i - 1] ?? 0))) return false;
  }
  return true;
}

/** What a picture or table is saved as. */
export const ExportMessage = v.object({
  type: v.literal('export'),
  // Names of layers are part of it; the panel makes a file's name of it.
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(1000)),
  format: v.picklist(['svg', 'png', 'csv']),
  content: bytes(MOST_EXPORT_BYTES),
});

/** A function that takes only what fits the shape. What it throws names the place: `a message to the inspector, at answer.curve: …`. */
export function parser<T>(what: string, shape: v.GenericSchema<unknown, T>): (value: unknown) => T {
  return (value) => {
    const result = v.safeParse(shape, value, { abortEarly: true });
    if (result.success) return result.output;
    const { path, what: fault } = faultOf(result.issues[0]);
    throw new TypeError(`${what}${path.length > 0 ? `, at ${path.join('.')}` : ''}: ${fault}`);
  };
}
