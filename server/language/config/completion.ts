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
import { FILE_FIELDS, rangeOf, type ConfigText } from '../text/config-text';
import { summaryOf, type ConfigFacts } from '../text/facts';
import { count, unitWord } from '../../protocol/words';

const WHOLE_CONFIG = `{
  // The model to defend. It is never changed; the defended one is written beside this file.
  "model": "\${1:model.json}",
  "data": {
    "train": { "images": "\${2:train-images-idx3-ubyte}", "labels": "\${3:train-labels-idx1-ubyte}" },
    "test": { "images": "\${4:t10k-images-idx3-ubyte}", "labels": "\${5:t10k-labels-idx1-ubyte}" }
  },
  // null when no trigger is known; "inverted" estimates it from the model.
  "trigger": { "kind": "\${6|patch,blended,sinusoidal|}", "target": \${7:0} }
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
    const own = valueItems(path.join('.'), facts, range);
    if (own) return { isIncomplete: false, items: own };
  }
  const list = await json.doComplete(document, position, json.parseJSONDocument(document));
  return list ?? { isIncomplete: false, items: [] };
}

/** Items for the fields whose values come from model and disk; null for other fields. */
function valueItems(field: string, facts: ConfigFacts, range: Range): CompletionItem[] | null {
  if (field === 'layer') return layerItems(facts, range);
  const file = FILE_FIELDS.find(({ path }) => path.join('.') === field);
  if (!file) return null;
  const { models, data, images } = facts.nearby;
  const paths = file.kind === 'model' ? models : file.kind === 'png' ? images : preferred(data, field, file.kind);
  return paths.map((path, index) => item(path, range, { kind: CompletionItemKind.File, sortText: order(index) }));
}

// Names of data sets tell split and content; what fits the field comes first, everything else stays in reach.
function preferred(paths: readonly string[], field: string, kind: 'images' | 'labels'): string[] {
  const split = field.startsWith('data.train') ? /train/i : /t10k|test|val/i;
  const content = kind === 'images' ? /image|idx3|idx4/i : /label|idx1/i;
  const score = (path: string) => (content.test(path) ? 0 : 2) + (split.test(path) ? 0 : 1);
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
