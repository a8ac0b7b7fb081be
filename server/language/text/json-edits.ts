import { applyEdits, findNodeAtLocation, modify, type Node } from 'jsonc-parser';
import { tolerantTree } from '../../json/tolerant';

/**
 * Changes of a text of JSON with comments that touch nothing but what they are about. The library's `modify` reformats what it
 * changes, and takes a comment at a line's end along to whatever it writes before it; so only the rare cases are left to it.
 */

/** Text of a value; `indent` is that of the line in which it will begin. */
type Value = (indent: string) => string;

/** The object that the text is, or undefined when it is something else or broken. Comments and trailing commas may be there. */
export function rootOf(text: string): Node | undefined {
  const { root, errors } = tolerantTree(text);
  return errors.length === 0 && root?.type === 'object' ? root : undefined;
}

/** Writes the value of `name` in an object of the text: over the old one, else as the last of the object's properties. */
export function setProperty(text: string, object: Node, name: string, value: Value): string {
  const old = findNodeAtLocation(object, [name]);
  if (!old) return addProperty(text, object, name, value);
  return splice(text, old, value(indentAt(text, old.offset)));
}

/** Writes another property where one is, so that what stands around it (a comment above it, the rest of its line) stays. */
export function exchangeProperty(text: string, object: Node, gone: string, name: string, value: Value): string {
  const old = findNodeAtLocation(object, [gone])?.parent;
  return old
    ? splice(text, old, property(name, value(indentAt(text, old.offset))))
    : addProperty(text, object, name, value);
}

/** Takes a property away, with its comma; with its lines where it has them to itself, and with the comment at their end. */
export function removeProperty(text: string, path: string[]): string {
  const root = rootOf(text);
  const property = root && findNodeAtLocation(root, path)?.parent;
  if (property) {
    const start = text.lastIndexOf('\n', property.offset - 1) + 1;
    const rest = /^[ \t]*,[ \t]*(\/\/[^\r\n]*)?\r?\n/.exec(text.slice(property.offset + property.length));
    if (rest && text.slice(start, property.offset).trim() === '')
      return text.slice(0, start) + text.slice(property.offset + property.length + rest[0].length);
  }
  return applyEdits(text, modify(text, path, undefined, {}));
}

/** What `after` has in the place of `before`: the shortest part that differs, so that an editor keeps its cursor and its folds. */
export function changedPart(before: string, after: string): { start: number; end: number; text: string } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let tail = 0;
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

/** One step of indentation, as the text has it. */
export function indentUnit(text: string): string {
  return /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
}

export const endOfLine = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

function addProperty(text: string, object: Node, name: string, value: Value): string {
  const last = object.children?.at(-1);
  if (!last) return intoEmpty(text, object, name, value);
  const end = last.offset + last.length;
  const close = object.offset + object.length - 1;
  const indent = indentAt(text, last.offset);
  // Nothing but white space, comments and a comma stands between the last property and the brace.
  let comma = false;
  let lineEnd: number | undefined;
  for (const { 0: token, index } of text.slice(end, close).matchAll(/\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|\r?\n|,/g)) {
    if (token === ',') {
      comma = true;
      lineEnd = undefined;
    } else if (token.endsWith('\n') && !token.startsWith('/')) lineEnd ??= end + index;
  }
  const added = property(name, value(indent));
  if (lineEnd === undefined) return `${text.slice(0, end)}, ${added}${text.slice(end)}`;
  // A comment at the end of the last property's line is about that property.
  return `${text.slice(0, end)}${comma ? '' : ','}${text.slice(end, lineEnd)}${endOfLine(text)}${indent}${added}${comma ? ',' : ''}${text.slice(lineEnd)}`;
}

function intoEmpty(text: string, object: Node, name: string, value: Value): string {
  const outer = indentAt(text, object.offset);
  const inner = outer + indentUnit(text);
  const open = object.offset + 1;
  const rest = text.slice(open);
  // Before what may be there: a comment, or nothing at all.
  return `${text.slice(0, open)}${endOfLine(text)}${inner}${property(name, value(inner))}${/^[ \t]*\r?\n/.test(rest) ? '' : `${endOfLine(text)}${outer}`}${rest.replace(/^[ \t]+(?=\})/, '')}`;
}

const property = (name: string, value: string): string => `${JSON.stringify(name)}: ${value}`;

const splice = (text: string, { offset, length }: Node, by: string): string =>
  `${text.slice(0, offset)}${by}${text.slice(offset + length)}`;

/** White space at the beginning of the line that holds `offset`. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}
