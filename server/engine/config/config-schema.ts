import * as v from 'valibot';
import { DefenseConfig } from '../../protocol/config/config';
import { DATA_FORMATS, formatNamed, SPLIT_SHAPES } from '../../protocol/data-source';
import { DataConfig } from '../../protocol/config/data-config';
import { nearest } from '../../protocol/nearest';
import { object } from '../../protocol/shape/shape';
import { TriggerConfig } from '../../protocol/config/trigger-config';
import {
  CONFIG_SCHEMA,
  dereference,
  expectation,
  rightType,
  schemaAt,
  triggerSchema,
  type Schema,
} from './schema-words';
import { named as outside } from '../../protocol/text/plain';

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

/** Unknown fields of one object that are listed. */
const MOST_UNKNOWN = 100;

/**
 * The trigger is compared by the kind that it names, and the data by their format: of all kinds at once every one would complain.
 */
const SHAPES = new Map(
  DATA_FORMATS.map((format) => {
    const split = SPLIT_SHAPES[format];
    const data = object({ ...DataConfig.entries, train: split, test: split });
    return [format, object({ ...DefenseConfig.entries, data, trigger: v.optional(v.unknown()) })] as const;
  }),
);

/**
 * Compares a parsed config with its shape. One fault gives one entry; of a trigger only the kind that it names is compared.
 */
export function schemaFaults(config: unknown): Fault[] {
  const { format } = (config as { data?: { format?: unknown } } | null)?.data ?? {};
  const faults = faultsOf(SHAPES.get(formatNamed(format))!, CONFIG_SCHEMA, config, []);
  if (!isObject(config)) return faults;
  const { trigger } = config as { trigger?: unknown };
  return trigger === undefined || trigger === null || trigger === 'inverted'
    ? faults
    : [...faults, ...triggerFaults(trigger)];
}

function triggerFaults(trigger: unknown): Fault[] {
  const path = ['trigger'];
  const kinds = TriggerConfig.options.map(({ entries }) => entries.kind.literal);
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
  const shape = TriggerConfig.options.find(({ entries }) => entries.kind.literal === kind);
  if (shape) return faultsOf(shape, triggerSchema(shape.entries.kind.literal), trigger, path);
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

function faultsOf(shape: v.GenericSchema, schema: Schema, value: unknown, base: string[]): Fault[] {
  const told = new Set<string>();
  const faults = (v.safeParse(shape, value).issues ?? []).flatMap(faultsIn(schema, base)).filter((fault) => {
    const identity = JSON.stringify([
      fault.path,
      fault.key ?? null,
      fault.code === 'config.missingField' && fault.field,
    ]);
    const first = !told.has(identity);
    told.add(identity);
    return first;
  });
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

/** The faults that an issue stands for. Of unknown fields valibot names the first alone. */
const faultsIn =
  (schema: Schema, base: string[]) =>
  (issue: v.BaseIssue<unknown>): Fault[] => {
    const inner = (issue.path ?? []).map(({ key }) => key as string | number);
    const last = issue.path?.at(-1);
    if (last?.origin !== 'key') return [faultAt(schema, base, inner, issue)];
    const path = [...base, ...inner.slice(0, -1)];
    const known = dereference(schemaAt(schema, inner.slice(0, -1))).properties ?? {};
    return issue.expected === 'never'
      ? Object.keys(last.input as object)
          .filter((key) => !Object.hasOwn(known, key))
          .slice(0, MOST_UNKNOWN)
          .map((key) => unknownField(path, key, Object.keys(known)))
      : [missingField(path, String(last.key), known[String(last.key)]!)];
  };

function missingField(path: (string | number)[], field: string, part: Schema): Fault {
  const { type, description } = { ...dereference(part), ...part };
  return {
    code: 'config.missingField',
    message: `${whereIs(path)} has no \`${field}\`.`,
    path,
    field,
    todo: `Add "${field}": ${type === 'object' ? '{ … }' : expectation(part)}.${description ? ` ${description}` : ''}`,
  };
}

function faultAt(
  schema: Schema,
  base: string[],
  inner: (string | number)[],
  { type, message, path: items, input }: v.BaseIssue<unknown>,
): Fault {
  const path = [...base, ...inner];
  if (type === 'raw_check')
    return {
      code: 'config.wrongValue',
      message: `${whereIs(path.slice(0, -1))} ${message}.`,
      path,
      todo: 'Remove one of the two.',
    };
  const part = schemaAt(schema, inner);
  const data = items ? items.at(-1)!.value : input;
  const code = !rightType(part, data)
    ? 'config.wrongType'
    : typeof data === 'number'
      ? 'config.outOfRange'
      : 'config.wrongValue';
  return { code, message: `${whereIs(path)} must be ${expectation(part)}, not ${shown(data)}.`, path };
}

const whereIs = (path: (string | number)[]): string => (path.length === 0 ? 'The config' : named(path));

/** The fault of a key that an object of the config does not know. */
export function unknownField(path: (string | number)[], key: string, known: readonly string[]): Fault {
  const meant = nearest(key, known);
  return {
    code: 'config.unknownField',
    message: `${path.length === 0 ? 'A config' : named(path)} has no field \`${outside(key)}\`.`,
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
  return `\`${path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${outside(part)}`)).join('')}\``;
}

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(' or ');
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Most characters of a value within a sentence. */
const MOST_VALUE = 60;

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return outside(text, MOST_VALUE);
}
