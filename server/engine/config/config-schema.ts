import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import schema from '../../../schemas/fineprune.schema.json';
import { ANY_OBJECT, dereference, expectation, rightType, type Schema } from './schema-words';
import { DATA_FORMATS, fieldsOf, formatNamed, type DataFormatName } from '../../protocol/data-source';
import { nearest } from '../../protocol/nearest';

/** What is wrong with a value, by its place: what `configProblems` gives a range in the text. */
export interface Fault {
  code: string;
  message: string;
  /** Path of keys and indices. */
  path: (string | number)[];
  /** The fault is this key of the object at `path`, not the value. */
  key?: string;
  /** The field that the object at `path` lacks, or that an unknown key was probably meant to be. */
  field?: string;
  todo?: string;
}

type Validators = { configs: Map<DataFormatName, ValidateFunction>; triggers: Map<string, ValidateFunction> };
let validators: Validators | undefined;

/**
 * Validates a parsed config against the generated JSON schema. One fault gives one entry; of a trigger only the kind that it
 * names is compared.
 */
export function schemaFaults(config: unknown): Fault[] {
  validators ??= compile();
  const { format } = (config as { data?: { format?: unknown } } | null)?.data ?? {};
  const faults = faultsOf(validators.configs.get(formatNamed(format))!, config, []);
  if (faults.some(({ path }) => path.length === 0 && !isObject(config))) return faults;
  const trigger = (config as { trigger?: unknown }).trigger;
  return trigger === undefined || trigger === null || trigger === 'inverted'
    ? faults
    : [...faults, ...triggerFaults(trigger, validators.triggers)];
}

/**
 * The trigger is taken out of the schema and validated by kind, and the data by their format: a failed `anyOf` would complain about
 * every kind at once.
 */
function compile(): Validators {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, strictNumbers: true });
  const { definitions } = schema;
  const configs = new Map(
    DATA_FORMATS.map((format): [DataFormatName, ValidateFunction] => {
      const sources = { ...definitions, SplitFiles: sourceOfFormat(format) };
      const properties = { ...schema.properties, trigger: {} };
      return [format, ajv.compile({ ...schema, properties, definitions: sources })];
    }),
  );
  const triggers = new Map<string, ValidateFunction>();
  for (const part of definitions.TriggerConfig.anyOf as Schema[]) {
    const kind = dereference(part);
    triggers.set(kind.properties!.kind!.const as string, ajv.compile({ ...kind, definitions }));
  }
  return { configs, triggers };
}

/** The schema of a split whose data are of a format: the one that has its fields. */
function sourceOfFormat(format: DataFormatName): Schema {
  const all: Schema = schema.definitions.SplitFiles;
  const fields = fieldsOf(format).map(({ name }) => name);
  return (all.anyOf ?? [all])
    .map((part) => dereference(part as Schema))
    .find(({ properties = {} }) => fields.every((name) => name in properties))!;
}

function triggerFaults(trigger: unknown, byKind: Map<string, ValidateFunction>): Fault[] {
  const path = ['trigger'];
  const kinds = [...byKind.keys()];
  if (!isObject(trigger)) {
    const word = typeof trigger === 'string';
    return [
      {
        code: word ? 'config.wrongValue' : 'config.wrongType',
        message: `\`trigger\` must be an object, { … }, "inverted" or null, not ${shown(trigger)}.`,
        path,
      },
    ];
  }
  const { kind } = trigger as { kind?: unknown };
  if (kind === undefined) {
    return [
      { code: 'config.missingField', message: '`trigger` has no `kind`.', path, todo: `Add "kind": ${quoted(kinds)}.` },
    ];
  }
  const validate = typeof kind === 'string' ? byKind.get(kind) : undefined;
  if (validate) return faultsOf(validate, trigger, path);
  const meant = typeof kind === 'string' ? nearest(kind, kinds) : null;
  return [
    {
      code: typeof kind === 'string' ? 'config.wrongValue' : 'config.wrongType',
      message: `\`trigger.kind\` must be ${quoted(kinds)}, not ${shown(kind)}.`,
      path: [...path, 'kind'],
      ...(meant !== null && { todo: `Did you mean "${meant}"?` }),
    },
  ];
}

function faultsOf(validate: ValidateFunction, value: unknown, base: string[]): Fault[] {
  if (validate(value)) return [];
  const faults: Fault[] = [];
  const errors = validate.errors ?? [];
  // Alternatives complain one by one, and about what lies in them; the `anyOf` that holds them speaks for all.
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath);
  const told = new Set<string>();
  for (const error of errors) {
    const at = unions.find((union) => error.instancePath === union || error.instancePath.startsWith(`${union}/`));
    if (at !== undefined && !(error.keyword === 'anyOf' && error.instancePath === at)) continue;
    const fault = faultOf(error, [...base, ...segments(error.instancePath)]);
    const identity = JSON.stringify([
      fault.path,
      fault.key ?? null,
      error.keyword === 'required' ? fault.message : null,
    ]);
    if (!told.has(identity)) faults.push(fault);
    told.add(identity);
  }
  return faults.filter((fault) => !isMisspelt(fault, faults));
}

/** A misspelt required field is unknown and missing at once; that is one fault. */
function isMisspelt(missing: Fault, faults: Fault[]): boolean {
  const { code, field, path } = missing;
  return (
    code === 'config.missingField' &&
    faults.some(
      (other) =>
        other.code === 'config.unknownField' && other.field === field && other.path.join('/') === path.join('/'),
    )
  );
}

function faultOf(error: ErrorObject, path: (string | number)[]): Fault {
  const parent = error.parentSchema as Schema;
  const where = path.length === 0 ? 'The config' : named(path);
  if (error.keyword === 'additionalProperties') {
    const key = (error.params as { additionalProperty: string }).additionalProperty;
    return unknownField(path, key, Object.keys(parent.properties ?? {}));
  }
  if (error.keyword === 'required') {
    const missing = (error.params as { missingProperty: string }).missingProperty;
    const field = parent.properties?.[missing] ?? {};
    const what = { ...dereference(field), ...field };
    const expected = expectation(field);
    return {
      code: 'config.missingField',
      message: `${where} has no \`${missing}\`.`,
      path,
      field: missing,
      todo: `Add "${missing}": ${expected === ANY_OBJECT ? '{ … }' : expected}.${what.description ? ` ${what.description}` : ''}`,
    };
  }
  if (error.keyword === 'uniqueItems') {
    const { i, j } = error.params as { i: number; j: number };
    const second = Math.max(i, j);
    return {
      code: 'config.wrongValue',
      message: `${where} names ${shown((error.data as unknown[])[second])} twice.`,
      path: [...path, second],
      todo: 'Remove one of the two.',
    };
  }
  const code = !rightType(parent, error.data)
    ? 'config.wrongType'
    : typeof error.data === 'number'
      ? 'config.outOfRange'
      : 'config.wrongValue';
  return { code, message: `${where} must be ${expectation(parent)}, not ${shown(error.data)}.`, path };
}

/** The fault of a key that an object of the config does not know. */
export function unknownField(path: (string | number)[], key: string, known: readonly string[]): Fault {
  const meant = nearest(key, known);
  return {
    code: 'config.unknownField',
    message: `${path.length === 0 ? 'A config' : named(path)} has no field \`${key}\`.`,
    path,
    key,
    ...(meant !== null && { field: meant }),
    todo:
      meant === null
        ? known.length === 0
          ? 'Remove it.'
          : `Remove it. Known fields: ${known.join(', ')}.`
        : `Did you mean \`${meant}\`?`,
  };
}

/** A path as people write it: `data.train.images`, `data.mean[1]`. */
export function named(path: readonly (string | number)[]): string {
  return `\`${path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')}\``;
}

function segments(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replace(/~1/g, '/').replace(/~0/g, '~')));
}

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(' or ');
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
