import schema from '../../../schemas/fineprune.schema.json';

/** The part of JSON schema that the config's schema uses. */
export interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  anyOf?: readonly Schema[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  description?: string;
}

/** The config's schema, as it is generated from its shape: what words about it are read from. */
export const CONFIG_SCHEMA = schema as Schema;
const definitions = schema.definitions as Record<string, Schema>;

/** The schema of a kind of trigger. */
export function triggerSchema(kind: string): Schema {
  return definitions.TriggerConfig!.anyOf!.map(dereference).find(({ properties }) => properties?.kind?.const === kind)!;
}

/** The schema of what a path of keys and indices leads to. */
export function schemaAt(part: Schema, path: readonly (string | number)[]): Schema {
  const [key, ...rest] = path;
  if (key === undefined) return part;
  const inner = [part, ...(dereference(part).anyOf ?? [])]
    .map(dereference)
    .map((one) => (typeof key === 'number' ? one.items : one.properties?.[key]))
    .find((one) => one !== undefined);
  return inner ? schemaAt(inner, rest) : {};
}

/** Follows a reference into the config schema's definitions. */
export function dereference(part: Schema): Schema {
  return part.$ref === undefined ? part : dereference(definitions[part.$ref.slice('#/definitions/'.length)]!);
}

/** What is expected of a value that is an object, whatever its fields. */
export const ANY_OBJECT = 'an object, { … }';

/** What a schema allows, as a phrase for people: `a whole number from 1 to 64`, `"auto" or "wasm"`. */
export function expectation(part: Schema): string {
  const s = dereference(part);
  if (s.anyOf) return [...new Set(s.anyOf.map(expectation))].join(' or ');
  if (s.const !== undefined) return JSON.stringify(s.const);
  if (s.enum) return s.enum.map((value) => JSON.stringify(value)).join(' or ');
  switch (s.type) {
    case 'integer':
      return `a whole number${range(s)}`;
    case 'number':
      return `a number${range(s)}`;
    case 'string':
      return 'a string in double quotes';
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of ${amount(s)}${s.items?.type === 'integer' ? 'whole ' : ''}numbers`;
    case 'object':
      return ANY_OBJECT;
    default:
      return 'null';
  }
}

function amount({ minItems, maxItems }: Schema): string {
  if (minItems === undefined) return '';
  return minItems === maxItems
    ? `${minItems} `
    : maxItems === undefined
      ? `at least ${minItems} `
      : `${minItems} to ${maxItems} `;
}

function range({ minimum, maximum, exclusiveMinimum }: Schema): string {
  if (minimum !== undefined)
    return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${maximum === undefined ? '' : ` and at most ${maximum}`}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

/** Whether a value is of a type that the schema names, so that only its size or its word is wrong. */
export function rightType(part: Schema, value: unknown): boolean {
  const s = dereference(part);
  if (s.anyOf) return s.anyOf.some((one) => rightType(one, value));
  const type = s.type ?? typeof s.const;
  if (type === 'integer' || type === 'number') return typeof value === 'number';
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  return typeof value === type && value !== null && !Array.isArray(value);
}
