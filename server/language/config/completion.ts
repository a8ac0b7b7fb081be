import { getLocation } from 'jsonc-parser';
import type { LanguageService } from 'vscode-json-languageservice';
import {
  CompletionItemKind,
  InsertTextFormat,
  type CompletionItem,
  type CompletionList,
  type Position,
  type Range,
} from 'vscode-languageserver-types';
import { dataFormatOf, fileFields, rangeOf, type ConfigText, type FileField } from '../text/config-text';
import {
  DEFAULT_FORMAT,
  fieldsOf,
  namesSplit,
  SPLIT_NAMES,
  type DataFormatName,
  type SplitName,
} from '../../protocol/data-source';
import { summaryOf, type ConfigFacts } from '../text/facts';
import { count, unitWord } from '../../protocol/words';

/** Tab stops of a new config: the model's comes first, then those of its data. */
const DATA_FIELDS = fieldsOf(DEFAULT_FORMAT);
const DATA_STOP = 2;
const TRIGGER_STOP = DATA_STOP + SPLIT_NAMES.length * DATA_FIELDS.length;

function exampleOf(split: SplitName): string {
  const first = DATA_STOP + SPLIT_NAMES.indexOf(split) * DATA_FIELDS.length;
  const fields = DATA_FIELDS.map(({ name, examples }, at) => `"${name}": "\${${first + at}:${examples[split]}}"`);
  return `{ ${fields.join(', ')} }`;
}

const WHOLE_CONFIG = `{
  // The model to defend. It is never changed; the defended one is written beside this file.
  "model": "\${1:model.json}",
  "data": {
    "train": ${exampleOf('train')},
    "test": ${exampleOf('test')}
  },
  // null when no trigger is known; "inverted" estimates it from the model.
  "trigger": { "kind": "\${${TRIGGER_STOP}|patch,blended,sinusoidal|}", "target": \${${TRIGGER_STOP + 1}:0} }
}
`;

/** What can be written at a position: layers and paths from the facts, everything else from the schema. */
export async function configCompletion(
  json: LanguageService,
  config: ConfigText,
  facts: ConfigFacts,
  position: Position,
): Promise<CompletionList> {
  const { document } = config;
  if (!config.root) {
    return {
      isIncomplete: false,
      items: [
        {
          label: 'defense config',
          kind: CompletionItemKind.Snippet,
          detail: 'Model, data and trigger; everything else defaults to the reference set-up',
          insertText: WHOLE_CONFIG,
          insertTextFormat: InsertTextFormat.Snippet,
        },
      ],
    };
  }
  const offset = document.offsetAt(position);
  const { path, isAtPropertyKey, previousNode } = getLocation(document.getText(), offset);
  if (!isAtPropertyKey) {
    const inside =
      previousNode && previousNode.offset <= offset && offset <= previousNode.offset + previousNode.length
        ? previousNode
        : undefined;
    const range = inside ? rangeOf(config, inside) : { start: position, end: position };
    const own = valueItems(path.join('.'), dataFormatOf(config), facts, range);
    if (own) return { isIncomplete: false, items: own };
  }
  const list = await json.doComplete(document, position, json.parseJSONDocument(document));
  return list ?? { isIncomplete: false, items: [] };
}

/** Items for the fields whose values come from model and disk; null for other fields. */
function valueItems(field: string, format: DataFormatName, facts: ConfigFacts, range: Range): CompletionItem[] | null {
  if (field === 'layer') return layerItems(facts, range);
  const file = fileFields(format).find(({ path }) => path.join('.') === field);
  if (!file) return null;
  const { models, data, images } = facts.nearby;
  const paths = file.kind === 'data' ? preferred(data, file) : file.kind === 'png' ? images : models;
  return paths.map((path, index) => item(path, range, { kind: CompletionItemKind.File, sortText: order(index) }));
}

// Names of data sets tell split and content; what fits the field comes first, everything else stays in reach.
function preferred(paths: readonly string[], { field, place }: Extract<FileField, { kind: 'data' }>): string[] {
  const split = place.at(-1) === 'train' ? 'train' : 'test';
  const score = (path: string) => (field.names.test(path) ? 0 : 2) + (namesSplit(path, split) ? 0 : 1);
  return [...paths].sort((a, b) => score(a) - score(b));
}

function layerItems(facts: ConfigFacts, range: Range): CompletionItem[] {
  const summary = summaryOf(facts);
  if (!summary) return [];
  const prunable = summary.layers.filter((layer) => layer.prunable);
  const first = (name: string) => (name === summary.penultimate ? 0 : 1);
  return prunable
    .sort((a, b) => first(a.name) - first(b.name))
    .map((layer, index) =>
      item(layer.name, range, {
        kind: CompletionItemKind.EnumMember,
        detail: `${layer.className} · ${layer.units === null ? 'units unknown' : `${count(layer.units)} ${unitWord(layer.className)}s`}${layer.name === summary.penultimate ? ' · penultimate layer, the default' : ''}`,
        sortText: order(index),
      }),
    );
}

function order(index: number): string {
  return String(index).padStart(4, '0');
}

function item(value: string, range: Range, more: Partial<CompletionItem>): CompletionItem {
  const newText = JSON.stringify(value);
  return { label: newText, filterText: newText, textEdit: { range, newText }, ...more };
}
