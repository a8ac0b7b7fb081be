import { findNodeAtLocation, getNodeValue, type JSONPath, type Node } from 'jsonc-parser';
import type { Range } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { fieldsOf, formatNamed, SPLIT_NAMES, type DataFormatName, type SourceField } from '../../protocol/data-source';
import { tolerantTree, withoutMark } from '../../json/tolerant';

/** A defense config as text: parsed once a version, tolerant of what a person is just typing. */
export interface ConfigText {
  document: TextDocument;
  /** Undefined when there is nothing but white space and comments, or brackets without end. */
  root: Node | undefined;
  /** Whether the text goes beyond what a parser is given: nothing can be said of its parts. */
  beyond?: boolean;
}

/** Parses a config. A byte-order mark counts as white space, so that every offset stays what the editor sees. */
export function parseConfig(source: TextDocument): ConfigText {
  const text = source.getText();
  const plain = withoutMark(text);
  const document = plain === text ? source : TextDocument.create(source.uri, source.languageId, source.version, plain);
  const { root, tooDeep, tooLarge } = tolerantTree(plain);
  return { document, root, ...((tooDeep || tooLarge) && { beyond: true }) };
}

/** The node of the value at `path`, or undefined. */
export function nodeAt(config: ConfigText, path: JSONPath): Node | undefined {
  return config.root && findNodeAtLocation(config.root, path);
}

/** The plain value at `path`, or undefined. */
export function valueAt(config: ConfigText, path: JSONPath): unknown {
  const node = nodeAt(config, path);
  return node && (getNodeValue(node) as unknown);
}

/** The node at `path` when it is a string with something in it. */
export function stringAt(config: ConfigText, path: JSONPath): { node: Node; value: string } | undefined {
  const node = nodeAt(config, path);
  return node?.type === 'string' && node.value !== '' ? { node, value: node.value as string } : undefined;
}

/** The node at `path` when it is a number. */
export function numberAt(config: ConfigText, path: JSONPath): { node: Node; value: number } | undefined {
  const node = nodeAt(config, path);
  return node?.type === 'number' ? { node, value: node.value as number } : undefined;
}

export function rangeOf(config: ConfigText, node: { offset: number; length: number }): Range {
  // The beginning needs no list of all lines, which may take more memory than the text.
  if (node.offset === 0 && node.length <= 1)
    return { start: { line: 0, character: 0 }, end: { line: 0, character: node.length } };
  return { start: config.document.positionAt(node.offset), end: config.document.positionAt(node.offset + node.length) };
}

/** The opening brace of the config, or the start of the text: where things are said that have no better place. */
export function topRange(config: ConfigText): Range {
  if (!config.root) return { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  return rangeOf(config, { offset: config.root.offset, length: 1 });
}

/** JSON pointer (`/trigger/target`) to path; a part that is a number is an array index where the parent is an array. */
export function pointerToPath(pointer: string): string[] {
  if (!pointer.startsWith('/')) return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The node that a JSON pointer names, or its nearest ancestor that the text has. */
export function nodeAtPointer(config: ConfigText, pointer: string): Node | undefined {
  let node = config.root;
  for (const part of pointerToPath(pointer)) {
    const next = node && findNodeAtLocation(node, [node.type === 'array' ? Number(part) : part]);
    if (!next) break;
    node = next;
  }
  return node;
}

/** `['prune', 'ratio']` → `prune.ratio`; indices in brackets. */
export function dotted(path: JSONPath): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    '',
  );
}

/** The format of a config's data; the default where it names none, or none that there is. */
export const dataFormatOf = (config: ConfigText): DataFormatName => formatNamed(valueAt(config, ['data', 'format']));

/** Places in a config where images with their labels are named. */
export const SOURCE_PLACES: readonly string[][] = [...SPLIT_NAMES.map((split) => ['data', split]), ['trigger']];

/** A field of a config that names a file, and what is expected there. */
export type FileField = { path: string[] } & (
  | { kind: 'model' | 'png' }
  /** A file of data, in one of `SOURCE_PLACES`. */
  | { kind: 'data'; field: SourceField; place: string[] }
);

/** Where a config with data of a format names files. */
export function fileFields(format: DataFormatName): FileField[] {
  return [
    { path: ['model'], kind: 'model' },
    ...SOURCE_PLACES.flatMap((place) =>
      fieldsOf(format).map((field): FileField => ({ path: [...place, field.name], kind: 'data', field, place })),
    ),
    { path: ['trigger', 'image'], kind: 'png' },
  ];
}

/** A file that a config names: its path as written there. */
export type NamedFile = FileField & { node: Node; value: string };

export function namedFiles(config: ConfigText): NamedFile[] {
  return fileFields(dataFormatOf(config)).flatMap((field) => {
    const found = stringAt(config, field.path);
    return found ? [{ ...field, ...found }] : [];
  });
}
