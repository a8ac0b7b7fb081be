import type { JSONSchema } from 'vscode-json-languageservice';
import generated from '../../../schemas/fineprune.schema.json';
import { capital } from '../../protocol/words';
import { DEFAULT_RATIO } from '../../protocol/config/pruning';

/**
 * The config's schema for the editor. The generated one says "one of these" with `anyOf`, which validators answer with the
 * faults of every alternative; here each choice is made by type or by `kind`, so that one fault gives one diagnostic.
 */

type Alternative = JSONSchema & { properties?: Record<string, JSONSchema> };
const source = generated as unknown as JSONSchema;
const definitions = source.definitions as Record<string, JSONSchema>;

/** Follows `$ref`; what stands next to the reference (a description) wins. */
export function resolveRef(schema: JSONSchema): JSONSchema {
  if (!schema.$ref) return schema;
  const { $ref, ...beside } = schema;
  const target = definitions[$ref.slice($ref.lastIndexOf('/') + 1)] ?? {};
  return { ...resolveRef(target), ...beside };
}

/** The alternatives of an `anyOf`, nested ones flattened; the schema itself when it has none. */
export function alternatives(schema: JSONSchema): Alternative[] {
  const resolved = resolveRef(schema);
  return resolved.anyOf ? (resolved.anyOf as JSONSchema[]).flatMap(alternatives) : [resolved as Alternative];
}

function kindOf(alternative: Alternative): unknown {
  return alternative.properties?.kind?.const;
}

/** What a description says of each word of a choice: `` `guided`: prune the units … ``. None unless it tells of all of them. */
function wordDescriptions(words: readonly unknown[], description: string): string[] | undefined {
  const told = new Map(
    [...description.matchAll(/`([\w-]+)`: (.*?)(?= `[\w-]+`: |$)/gs)].map(([, word, text]) => [word, text]),
  );
  return words.every((word) => told.has(word as string))
    ? words.map((word) => capital(told.get(word as string)!))
    : undefined;
}

function decide(choices: Alternative[]): JSONSchema {
  const kinds = choices.filter((choice) => kindOf(choice) !== undefined);
  const branches = choices.map((choice) => ({
    if:
      kindOf(choice) === undefined
        ? { type: choice.type }
        : { type: 'object' as const, properties: { kind: { const: kindOf(choice) } }, required: ['kind'] },
    then: prepare(choice),
  }));
  const kind: JSONSchema = {
    type: 'string',
    enum: kinds.map(kindOf),
    markdownEnumDescriptions: kinds.map((choice) => choice.properties?.kind?.description ?? ''),
    markdownDescription: 'The kind of trigger; it determines the other fields.',
  };
  const discriminator = kinds.length
    ? [{ if: { type: 'object' as const }, then: { properties: { kind }, required: ['kind'] } }]
    : [];
  return {
    type: [...new Set(choices.map((choice) => choice.type as 'object'))],
    allOf: [...discriminator, ...branches],
  };
}

function prepare(schema: JSONSchema): JSONSchema {
  const { anyOf, description, properties, items, ...rest } = resolveRef(schema);
  const prepared: JSONSchema = anyOf ? { ...rest, ...decide(alternatives(schema)) } : { ...rest };
  if (description) {
    prepared.markdownDescription = description;
    const words = prepared.enum && wordDescriptions(prepared.enum as unknown[], description);
    if (words) prepared.markdownEnumDescriptions = words;
  }
  if (properties) {
    prepared.properties = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, prepare(child as JSONSchema)]),
    );
  }
  if (items) prepared.items = prepare(items as JSONSchema);
  return prepared;
}

function build(): JSONSchema {
  const schema = prepare({ ...source, definitions: undefined, title: undefined });
  const trigger = (schema.properties as Record<string, JSONSchema>).trigger!;
  trigger.defaultSnippets = TRIGGER_SNIPPETS;
  const prune = (schema.properties as Record<string, JSONSchema>).prune!;
  (prune.properties as Record<string, JSONSchema>).ratio!.defaultSnippets = [
    { label: String(DEFAULT_RATIO), description: 'The reference: a fifth of the units.', body: DEFAULT_RATIO },
    { label: '"auto"', description: 'As many units as the limit on clean accuracy allows.', body: 'auto' },
  ];
  return schema;
}

const TRIGGER_SNIPPETS = [
  {
    label: 'patch',
    description: 'A white 3×3 square, one pixel from right and bottom (BadNets).',
    body: { kind: 'patch', target: '^${1:0}', size: [3, 3], right: 1, bottom: 1, value: 1 },
  },
  {
    label: 'blended',
    description: 'A pattern mixed into the whole image (Blended).',
    body: { kind: 'blended', target: '^${1:0}', alpha: 0.2, patternSeed: 0 },
  },
  {
    label: 'sinusoidal',
    description: 'Sinusoidal stripes (SIG).',
    body: { kind: 'sinusoidal', target: '^${1:0}', amplitude: 0.1569, frequency: 6 },
  },
  {
    label: 'warped',
    description: 'The image is warped a little (WaNet).',
    body: { kind: 'warped', target: '^${1:0}', grid: 4, strength: 0.5, patternSeed: 0 },
  },
  {
    label: 'samples',
    description: 'Your own triggered images, with their true labels.',
    body: {
      kind: 'samples',
      target: '^${1:0}',
      images: '${2:triggered-images-idx3-ubyte}',
      labels: '${3:triggered-labels-idx1-ubyte}',
    },
  },
  {
    label: '"inverted"',
    description: 'Unknown: estimated from the model by trigger inversion. All figures for it are labelled estimated.',
    body: 'inverted',
  },
  { label: 'null', description: 'No trigger is known: the attack success rate cannot be measured.', body: null },
];

const TRIGGER_KINDS = alternatives(definitions.TriggerConfig!).map((trigger) => String(kindOf(trigger)));

/** The schema that validation and completion work with. */
export const EDITOR_SCHEMA: JSONSchema = build();

/** One field of the config, as hovers describe it. */
export interface Field {
  /** `prune.ratio`. */
  name: string;
  description: string;
  /** Types, limits and enumerated values, in words. */
  accepts: string;
  /** The default as JSON, when the field may be left out. */
  defaultValue?: string;
  required: boolean;
}

/**
 * The field that a path of property names and indices leads to.
 * @param kindAt gives the `kind` that the object at a depth of the path has, to choose between the triggers.
 */
export function fieldAt(path: readonly (string | number)[], kindAt: (depth: number) => unknown): Field | undefined {
  const found = schemaAt(path, kindAt);
  if (!found || path.length === 0) return undefined;
  const { schema, required } = found;
  const resolved = resolveRef(schema);
  const name = path.filter((part) => typeof part === 'string').join('.');
  const isKind = path.at(-1) === 'kind';
  return {
    name,
    description: resolved.description ?? '',
    accepts: isKind ? TRIGGER_KINDS.join(', ') : wordsOf(schema),
    ...(resolved.default !== undefined && { defaultValue: JSON.stringify(resolved.default) }),
    required,
  };
}

function schemaAt(
  path: readonly (string | number)[],
  kindAt: (depth: number) => unknown,
): { schema: JSONSchema; required: boolean } | undefined {
  let schema: JSONSchema = source;
  let required = true;
  for (const [depth, part] of path.entries()) {
    const choices = alternatives(schema);
    if (typeof part === 'number') {
      const list = choices.find((choice) => choice.items);
      if (!list) return undefined;
      schema = list.items as JSONSchema;
      continue;
    }
    const kind = kindAt(depth);
    const owner =
      choices.find(
        (choice) => choice.properties?.[part] && (kindOf(choice) === undefined || kindOf(choice) === kind),
      ) ?? choices.find((choice) => choice.properties?.[part] && part === 'kind');
    if (!owner) return undefined;
    required = owner.required?.includes(part) ?? false;
    schema = owner.properties![part] as JSONSchema;
  }
  return { schema, required };
}

function wordsOf(schema: JSONSchema): string {
  return [...new Set(alternatives(schema).map(typeWords))].filter(Boolean).join(', or ');
}

function typeWords(schema: JSONSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  switch (schema.type) {
    case 'integer':
      return `a whole number${rangeWords(schema)}`;
    case 'number':
      return `a number${rangeWords(schema)}`;
    case 'string':
      return 'a string';
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return listWords(schema);
    case 'null':
      return '`null`';
    default:
      return schema.properties ? `an object` : '';
  }
}

function listWords({ minItems, maxItems, uniqueItems, items }: JSONSchema): string {
  if (minItems && minItems === maxItems) return `a list of ${minItems} numbers`;
  return uniqueItems
    ? `a list of different values, each ${typeWords(items as JSONSchema)}`
    : 'a list of numbers, one per channel';
}

function rangeWords(schema: JSONSchema): string {
  const { minimum, maximum, exclusiveMinimum } = schema;
  if (exclusiveMinimum !== undefined)
    return maximum === undefined
      ? ` above ${String(exclusiveMinimum)}`
      : ` above ${String(exclusiveMinimum)}, at most ${maximum}`;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

/** Names that an object at `path` may have as properties. */
export function propertyNames(path: readonly (string | number)[], kindAt: (depth: number) => unknown): string[] {
  let choices = alternatives(source);
  for (const [depth, part] of path.entries()) {
    const kind = kindAt(depth);
    const owner = choices.find(
      (choice) => choice.properties?.[part] && (kindOf(choice) === undefined || kindOf(choice) === kind),
    );
    if (!owner) return [];
    choices = alternatives(owner.properties![part] as JSONSchema);
  }
  const kind = kindAt(path.length);
  const owner = choices.find(
    (choice) => choice.properties && (kindOf(choice) === undefined || kindOf(choice) === kind),
  );
  return Object.keys(owner?.properties ?? {});
}

/** Words that the field at `path` may have as its value; none when it is not a choice of words. */
export function enumeratedAt(path: readonly (string | number)[], kindAt: (depth: number) => unknown): string[] {
  if (path.at(-1) === 'kind') return [...TRIGGER_KINDS];
  const schema = schemaAt(path, kindAt)?.schema;
  return schema
    ? alternatives(schema)
        .flatMap((choice) => choice.enum ?? (choice.const === undefined ? [] : [choice.const]))
        .map(String)
    : [];
}
