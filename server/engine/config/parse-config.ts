import { findNodeAtLocation, getNodeValue, printParseErrorCode, type Node } from 'jsonc-parser';
import type { DefenseConfig } from '../../protocol/config/config';
import { badInput, type ConfigProblem } from '../../protocol/errors';
import { kindOfText } from '../files/file-kind';
import { fileKind, kindWords } from '../files/kinds';
import { SYNTAX_WORDS } from '../files/json-faults';
import { pointerOf } from '../../protocol/shape/pointer';
import { schemaFaults, unknownField, type Fault } from './config-schema';
import { ruleFaults } from './config-rules';
import { CONFIG_FILE } from '../../protocol/files';
import { lineAndColumn } from '../../json/bounds';
import { tolerantTree } from '../../json/tolerant';

export type { ConfigProblem };

/** Problems of one text that are listed: when these are mended, others come. */
const MOST_PROBLEMS = 100;

export const NAME_A_CONFIG = `Name a \`${CONFIG_FILE.form}\`.`;

/**
 * Parses and validates the text of a defense config: JSON with comments, trailing commas and a byte-order mark allowed.
 *
 * @param file absolute path for messages; nothing is read
 * @throws FinePruneError `config.…` for the first fault in the text, its place with line and column
 */
export function parseConfig(text: string, file: string): DefenseConfig {
  const { config, problems } = examine(text);
  const [first] = problems;
  if (config !== null && first === undefined) return config;
  const { code, message, path, offset, todo } = first!;
  throw badInput(code, message, { file, place: placeWords(text, path, offset), todo });
}

/** Everything that is wrong with a config's text, in the order of the text; one fault gives one entry. Never throws. */
export function configProblems(text: string): ConfigProblem[] {
  return examine(text).problems;
}

/** `/trigger/target, line 7:15` from a JSON pointer and the text that it points into. */
export function placeOf(text: string, pointer: string): string {
  const root = tolerantTree(text).root;
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
  // A field that was left out has no line of its own: the nearest object around it has.
  for (let depth = path.length; root && depth >= 0; depth--) {
    const node = nodeAt(root, path.slice(0, depth));
    if (node) return placeWords(text, pointer, node.offset);
  }
  return pointer;
}

function examine(text: string): { config: DefenseConfig | null; problems: ConfigProblem[] } {
  const syntax = (code: string, message: string, offset: number, length: number, todo: string) => ({
    config: null,
    problems: [{ code, message, path: '', offset, length, todo }],
  });
  if (text.length > CONFIG_FILE.mostBytes) {
    return syntax('config.tooLarge', 'This file is far too large for a defense config.', 0, 1, NAME_A_CONFIG);
  }
  const other = kindOfText(text);
  if (other === 'lfs-pointer')
    return syntax(
      'config.lfsPointer',
      'The config is a Git LFS pointer: the file itself was not fetched.',
      0,
      text.length,
      'Run `git lfs pull` in that repository.',
    );
  if (other)
    return syntax(
      'config.otherFormat',
      `This ${kindWords(fileKind(other))}, not a defense config.`,
      0,
      1,
      NAME_A_CONFIG,
    );
  const { root, errors, tooDeep, tooLarge } = tolerantTree(text);
  if (tooDeep)
    return syntax(
      'config.syntax',
      'The brackets of this file are nested too deeply for a defense config.',
      0,
      1,
      NAME_A_CONFIG,
    );
  if (tooLarge)
    return syntax('config.tooLarge', 'This file has far too many values for a defense config.', 0, 1, NAME_A_CONFIG);
  if (!root && errors.length === 0) {
    return syntax(
      'config.empty',
      'The config is empty; it needs at least `model` and `data`.',
      0,
      text.length,
      'Write a config, or run Fine-Prune on the model.json to create one.',
    );
  }
  const [broken] = errors;
  if (broken) {
    // What follows a first break is guesswork of the parser: one fault, one entry.
    return syntax(
      'config.syntax',
      `This is not valid JSON: ${SYNTAX_WORDS[printParseErrorCode(broken.error)] ?? 'something is wrong here'}.`,
      Math.min(broken.offset, Math.max(0, text.length - 1)),
      Math.max(1, broken.length),
      'Fix it here; comments and trailing commas are fine.',
    );
  }
  const keys = keyFaults(root!);
  const value = getNodeValue(root!) as unknown;
  let faults = keys.length > 0 ? keys : schemaFaults(value);
  if (faults.length === 0) faults = ruleFaults(value as DefenseConfig);
  const problems = faults
    .slice(0, MOST_PROBLEMS)
    .map((fault) => located(fault, root!))
    .sort((a, b) => a.offset - b.offset);
  return { config: problems.length === 0 ? (value as DefenseConfig) : null, problems };
}

/** Keys that the parsed value would hide: a second one of the same name, and `__proto__`. */
function keyFaults(node: Node, path: (string | number)[] = []): (Fault & { node: Node })[] {
  if (node.type === 'array') return (node.children ?? []).flatMap((child, i) => keyFaults(child, [...path, i]));
  if (node.type !== 'object') return [];
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((property) => {
    const [keyNode, value] = property.children!;
    const key = keyNode!.value as string;
    const inner = value ? keyFaults(value, [...path, key]) : [];
    if (seen.has(key)) {
      return [
        {
          code: 'config.duplicateKey',
          message: `\`${key}\` is given twice.`,
          path,
          key,
          node: keyNode!,
          todo: 'Remove one of the two.',
        },
        ...inner,
      ];
    }
    seen.add(key);
    return key === '__proto__' ? [{ ...unknownField(path, key, []), node: keyNode! }] : inner;
  });
}

function located(fault: Fault & { node?: Node }, root: Node): ConfigProblem {
  const { code, message, path, key, todo } = fault;
  const node = nodeAt(root, path) ?? root;
  const keyNode =
    key === undefined
      ? undefined
      : (fault.node ?? node.children?.find((property) => property.children?.[0]?.value === key)?.children?.[0]);
  // A missing field is reported at the name of the object that lacks it, not all over its body.
  const head =
    node.type === 'object'
      ? node.parent?.type === 'property'
        ? node.parent.children![0]!
        : { offset: node.offset, length: 1 }
      : node;
  const { offset, length } = keyNode ?? (code === 'config.missingField' ? head : node);
  const pointer = pointerOf([...path, ...(key === undefined ? [] : [key])]);
  return { code, message, path: pointer, offset, length, ...(todo !== undefined && { todo }) };
}

function nodeAt(root: Node, path: readonly (string | number)[]): Node | undefined {
  let node: Node | undefined = root;
  for (const part of path) {
    if (!node) return undefined;
    node = findNodeAtLocation(node, [node.type === 'array' ? Number(part) : part]);
  }
  return node;
}

function placeWords(text: string, pointer: string, offset: number): string {
  const { line, column } = lineAndColumn(text, offset);
  const place = `line ${line}:${column}`;
  return pointer === '' ? place : `${pointer}, ${place}`;
}
