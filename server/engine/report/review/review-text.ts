import { parseTree, type Node } from 'jsonc-parser';
import type { Decision, DefenseReview } from '../../../protocol/report/review';

/**
 * The text of a list of decisions with one more, or with the one about the same finding replaced. One decision a line, by the
 * finding's id; every other line stays byte for byte as it is, but for the comma that JSON wants after what was the last one. So
 * git merges two branches that decide on different findings by itself when a decision lies between the two; else it asks for both
 * whole lines to be kept, and `readReview` forgives the comma that this may leave out.
 *
 * @param text null when there is no such file yet
 * @param decisions those in `text`, in its order
 */
export function withDecision(text: string | null, decisions: readonly Decision[], decision: Decision): string {
  if (text === null) return `{\n  "schemaVersion": 2,\n  "decisions": [\n    ${entryText(decision)}\n  ]\n}\n`;
  const list = listOf(text);
  const kept = (list.children ?? [])
    .map((node, at) => ({ finding: decisions[at]!.finding, text: text.slice(node.offset, node.offset + node.length) }))
    .filter(({ finding }) => finding !== decision.finding);
  const next = kept.findIndex(({ finding }) => finding > decision.finding);
  kept.splice(next < 0 ? kept.length : next, 0, { finding: decision.finding, text: entryText(decision) });
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const close = list.offset + list.length - 1;
  const inside = text.slice(list.offset, close);
  const indent = indentOf(text, list);
  const closing = inside.includes('\n') ? /[^\S\r\n]*$/.exec(inside)![0] : indent.slice(0, -2);
  const body = kept.map((entry) => `${indent}${entry.text}`).join(`,${eol}`);
  return `${text.slice(0, list.offset)}[${eol}${body}${eol}${closing}${text.slice(close)}`;
}

/** One decision in one line. Characters that are not seen, or that turn the reading direction, are written as escapes. */
function entryText(decision: Decision): string {
  const fields = Object.entries(decision).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{ ${fields.join(', ')} }`.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
    [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
}

function listOf(text: string): Node {
  const root = parseTree(text, [], { allowTrailingComma: true })!;
  return root.children!.find(
    (property) => property.children![0]!.value === ('decisions' satisfies keyof DefenseReview),
  )!.children![1]!;
}

/** White space before the first decision of a list, when it has a line of its own; else four blanks. */
function indentOf(text: string, list: Node): string {
  const [first] = list.children ?? [];
  const before = first && /\n([^\S\r\n]*)$/.exec(text.slice(list.offset, first.offset));
  return before?.[1] ?? '    ';
}
