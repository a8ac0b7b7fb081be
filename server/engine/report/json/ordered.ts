import type * as v from 'valibot';

/** What of a shape says how its value is ordered. */
interface Shape {
  type: string;
  wrapped?: Shape;
  item?: Shape;
  entries?: Record<string, Shape>;
  key?: string;
  options?: readonly Shape[];
  literal?: unknown;
}

/**
 * A value with its keys in the order of a shape. Keys that the shape does not have come last, in their own order: nothing is checked and
 * nothing is lost.
 */
export function ordered<T>(shape: v.GenericSchema<unknown, T>, value: T): T {
  return inOrder(shape as unknown as Shape, value) as T;
}

function inOrder(shape: Shape | undefined, value: unknown): unknown {
  const known = shape && resolved(shape, value);
  if (Array.isArray(value)) return value.map((one) => inOrder(known?.item, one));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  const entries = known?.entries ?? {};
  const keys = [...Object.keys(entries).filter((key) => Object.hasOwn(fields, key)), ...Object.keys(fields)];
  return Object.fromEntries([...new Set(keys)].map((key) => [key, inOrder(entries[key], fields[key])]));
}

/** What a shape says of this value: without `optional` and `nullable`, and of several the one that it is by its discriminator. */
function resolved(shape: Shape, value: unknown): Shape {
  if (shape.wrapped) return resolved(shape.wrapped, value);
  if (shape.type !== 'variant' || !shape.options || typeof value !== 'object' || value === null) return shape;
  const key = shape.key!;
  const found = shape.options.find(
    (option) => option.entries?.[key]?.literal === (value as Record<string, unknown>)[key],
  );
  return found ?? shape;
}
