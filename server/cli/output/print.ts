import { jsonText } from '../../protocol/text/json-text';
import { plainLines } from '../../protocol/text/plain';
import { wantsColour } from './paint';

/**
 * The one way of a command to its terminal. Whatever a text holds, only line breaks, tabs and our own colours steer the screen: names are
 * spelt out where sentences are made of them, and what was forgotten there is spelt out here.
 */

/** The colours of `painter`, and what ends them. */
const OURS = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

type Screen = Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;

/** Writes text to standard output. */
export function print(text: string): void {
  process.stdout.write(terminalText(text, process.stdout));
}

/** Writes text to standard error. */
export function say(text: string): void {
  process.stderr.write(terminalText(text, process.stderr));
}

/** One JSON value on standard output, and nothing else. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value)}\n`);
}

/** A text as a stream may show it. */
export function terminalText(text: string, stream: Screen): string {
  if (!wantsColour(stream, process.env)) return plainLines(text);
  return text
    .split(OURS)
    .map((part, at) => (at % 2 === 1 ? part : plainLines(part)))
    .join('');
}
