// JSON schemas are made from the shapes in server/protocol, so that types, validation, hovers and completion cannot disagree.
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { register } from 'tsx/cjs/api';

const root = fileURLToPath(new URL('..', import.meta.url));
register();
const require = createRequire(import.meta.url);
const load = (file) => require(`../server/protocol/${file}`);

const jobs = [
  { file: 'config/config.ts', shape: 'DefenseConfig', out: 'fineprune', title: 'Fine-Prune defense config' },
  {
    file: 'report/report.ts',
    shape: 'DefenseReport',
    out: 'defense-report',
    title: 'Fine-Prune defense report',
    former: true,
  },
  {
    file: 'report/scan.ts',
    shape: 'ScanReport',
    out: 'scan-report',
    title: 'Fine-Prune scan for backdoors',
    former: true,
  },
  {
    file: 'report/review.ts',
    shape: 'DefenseReview',
    out: 'defense-review',
    title: 'Decisions about a Fine-Prune defense report',
  },
  { file: 'policy.ts', shape: 'CheckPolicy', out: 'check-policy', title: 'Policy for fine-prune check' },
];
/** Modules whose shapes get a definition of their own, under the name that they are exported by. */
const named = [
  'config/config.ts',
  'config/data-config.ts',
  'data-source.ts',
  'config/resolved-data.ts',
  'config/resolved-config.ts',
  'config/trigger-config.ts',
  'config/trigger.ts',
  ...['attempts', 'judgement', 'layer', 'metrics', 'report', 'review', 'scan-result'].map(
    (name) => `report/${name}.ts`,
  ),
];

/** What JSON schema can't say: relations between fields, and that a number is one. */
const UNSAID = ['check', 'raw_check', 'finite'];

const convert = (shape, definitions) =>
  toJsonSchema(shape, {
    definitions,
    target: 'draft-07',
    typeMode: 'input',
    ignoreActions: UNSAID,
    overrideRef: ({ referenceId }) => `#/definitions/${referenceId}`,
    overrideSchema: ({ valibotSchema: { type, literal }, jsonSchema }) => {
      if (type === 'literal') return { type: typeof literal, ...jsonSchema };
      if (jsonSchema.required?.length === 0) delete jsonSchema.required;
      // Validators say of `oneOf` only that none matches.
      const { oneOf, ...rest } = jsonSchema;
      return oneOf ? { ...rest, anyOf: oneOf } : jsonSchema;
    },
  });

/** A definition that is written out because it has a description of its own becomes a reference beside that. */
function withReferences(schema, definitions) {
  const names = new Map(Object.entries(definitions).map(([name, one]) => [bare(one), name]));
  const visit = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(visit);
    const name = names.get(bare(value));
    if (name === undefined) return within(value);
    const { description } = value;
    return { $ref: `#/definitions/${name}`, ...(description !== definitions[name].description && { description }) };
  };
  const within = (value) => Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
  return within(schema);
}

const bare = (schema) => JSON.stringify({ ...schema, description: undefined });
const without = (object, key) => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

/** Definitions that something refers to. */
function used(schema, definitions) {
  const found = new Set();
  const look = (value) => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/definitions\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      look(definitions[name]);
    }
  };
  look(schema);
  return Object.fromEntries(Object.entries(definitions).filter(([name]) => found.has(name)));
}

const shapes = {};
for (const module of named.map(load))
  for (const [name, shape] of Object.entries(module))
    if (shape?.type === 'strict_object' || shape?.type === 'variant') shapes[name] = shape;

const VERSION_1 = { properties: { schemaVersion: { const: 1 } }, required: ['schemaVersion'] };
const check = process.argv.includes('--check');
mkdirSync(`${root}schemas`, { recursive: true });
for (const { file, shape, out, title, former } of jobs) {
  const whole = load(file)[shape];
  const { $schema, $defs, ...plain } = convert(whole, without(shapes, shape));
  const definitions = Object.fromEntries(
    Object.entries($defs).map(([name, one]) => [name, withReferences(one, without($defs, name))]),
  );
  const schema = withReferences(plain, $defs);
  // A file of version 1 is read as it is: an editor has nothing to say of it.
  const versioned = former ? { if: VERSION_1, then: true, else: schema } : schema;
  const text = JSON.stringify({ title, $schema, ...versioned, definitions: used(schema, definitions) }, null, 2) + '\n';
  const path = `schemas/${out}.schema.json`;
  if (check) {
    if (!existsSync(root + path) || readFileSync(root + path, 'utf8') !== text) {
      console.error(`${path} does not match server/protocol/${file}: run "npm run schemas" and commit the result.`);
      process.exitCode = 1;
    }
  } else writeFileSync(root + path, text);
}
