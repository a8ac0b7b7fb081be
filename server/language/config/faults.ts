import type { ConfigProblem } from '../../protocol/errors';
import { findNodeAtOffset, type Node } from 'jsonc-parser';
import type { Diagnostic } from 'vscode-languageserver-types';
import { enumeratedAt, propertyNames } from './schema';
import { pointerToPath, rangeOf, valueAt, type ConfigText } from '../text/config-text';
import { problem, type Fix } from '../text/problem';
import { nearestFirst } from '../../protocol/nearest';
import { named } from '../../protocol/text/plain';

/**
 * One fault of a config's text alone (syntax, types, ranges, unknown and missing fields, fields that exclude each other), as
 * the engine's own reader finds and words it: terminal and editor say the same.
 */
export type TextFault = ConfigProblem;

/** Faults that leave nothing else to be said about a text. */
const OF_THE_WHOLE_TEXT = new Set([
  'config.syntax',
  'config.empty',
  'config.tooLarge',
  'config.lfsPointer',
  'config.otherFormat',
]);

export function tellsAll(faults: readonly TextFault[]): boolean {
  return faults.some(({ code }) => OF_THE_WHOLE_TEXT.has(code));
}

/** One diagnostic a fault, with quick fixes where there is something to choose from. */
export function textFaultDiagnostics(config: ConfigText, faults: readonly TextFault[]): Diagnostic[] {
  return faults.map((fault) =>
    problem(
      fault.code,
      'error',
      rangeOf(config, fault),
      [fault.message, fault.todo].filter(Boolean).join(' '),
      fixesFor(config, fault),
    ),
  );
}

function fixesFor(config: ConfigText, fault: TextFault): Fix[] {
  const path = pointerToPath(fault.path);
  const kindAt = (depth: number) => valueAt(config, [...path.slice(0, depth), 'kind']);
  const node = config.root && findNodeAtOffset(config.root, fault.offset);
  const range = rangeOf(config, fault);
  const replacement = (word: string): Fix => ({ title: `Change to "${word}"`, range, newText: JSON.stringify(word) });
  switch (fault.code) {
    case 'config.unknownField': {
      const names = nearestFirst(path.at(-1) ?? '', propertyNames(path.slice(0, -1), kindAt));
      const meant = names.find((name) => fault.todo?.includes(`\`${name}\``));
      return [...(meant === undefined ? [] : [replacement(meant)]), ...removal(config, node?.parent)];
    }
    case 'config.duplicateKey':
      return removal(config, node?.parent);
    case 'config.wrongValue':
      return nearestFirst(String(node?.value), enumeratedAt(path, kindAt)).map(replacement);
    case 'config.conflict':
      // A strategy other than the reference recipe chooses by itself what these fields say.
      return fault.todo?.startsWith('Remove `') ? removal(config, propertyNode(config, path)) : exclusive(config, path);
    default:
      return [];
  }
}

/** Fields of one object that exclude each other. */
const EXCLUSIVE: Record<string, string[][]> = {
  trigger: [
    ['right', 'left'],
    ['bottom', 'top'],
    ['image', 'value'],
    ['image', 'patternSeed'],
  ],
  prune: [['units', 'ratio']],
};

function exclusive(config: ConfigText, path: string[]): Fix[] {
  const name = path.at(-1) ?? '';
  const object = path.slice(0, -1);
  const pair =
    EXCLUSIVE[object.join('.')]?.find(
      (names) => names.includes(name) && names.every((other) => valueAt(config, [...object, other]) !== undefined),
    ) ?? [];
  return pair.flatMap((field) => removal(config, propertyNode(config, [...object, field])));
}

function propertyNode(config: ConfigText, path: string[]): Node | undefined {
  let node = config.root;
  let property: Node | undefined;
  for (const part of path) {
    property = node?.children?.find((child) => child.children?.[0]?.value === part);
    node = property?.children?.[1];
  }
  return property;
}

/** A fix that takes out a property with the comma that goes with it. */
function removal(config: ConfigText, property: Node | undefined): Fix[] {
  if (property?.type !== 'property') return [];
  const text = config.document.getText();
  let start = property.offset;
  let end = property.offset + property.length;
  const before = /,\s*$/.exec(text.slice(0, start));
  const after = /^\s*,[ \t]*/.exec(text.slice(end));
  if (before) start -= before[0].length;
  else if (after) end += after[0].length;
  return [
    {
      title: `Remove \`${named(String(property.children?.[0]?.value))}\``,
      range: rangeOf(config, { offset: start, length: end - start }),
      newText: '',
    },
  ];
}
