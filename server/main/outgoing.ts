import type { Diagnostic } from 'vscode-languageserver/node';
import { plain, plainLines } from '../protocol/text/plain';
import type { Host } from './host';

/**
 * The one way of what people see in the editor: answers of features, diagnostics, log. Names from files are made of any characters; here
 * they are spelt out, whichever feature shows them. What programs read (edits, arguments of commands, data) stays as it is.
 */

/** Fields of the protocol that are shown on one line. */
const LINES = new Set(['message', 'title', 'label', 'detail', 'name']);
/** Fields that are shown as a page, mostly Markdown. */
const PAGES = new Set(['value', 'documentation', 'contents', 'tooltip']);
/** Fields that are for programs. */
const DATA = new Set(['arguments', 'data', 'edit', 'textEdit', 'additionalTextEdits', 'diagnostics']);

/** Most characters of one line; a sentence with what to do, and its names. */
const MOST_LINE = 2_500;
const MOST_PAGE = 200_000;

/** An answer as it may be shown. */
export function shown<T>(answer: T): T {
  if (Array.isArray(answer))
    return answer.map((one: unknown) => (typeof one === 'string' ? plain(one, MOST_LINE) : shown(one))) as T;
  if (typeof answer !== 'object' || answer === null) return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]: [string, unknown]) => {
      if (DATA.has(key)) return [key, value];
      if (typeof value !== 'string') return [key, shown(value)];
      if (LINES.has(key)) return [key, plain(value, MOST_LINE)];
      return [key, PAGES.has(key) ? page(value) : value];
    }),
  ) as T;
}

/** Tells the editor what is wrong with a document. */
export function publish(
  { connection, log }: Pick<Host, 'connection' | 'log'>,
  uri: string,
  diagnostics: Diagnostic[],
): void {
  connection
    .sendDiagnostics({ uri, diagnostics: diagnostics.map(shown) })
    .catch((error: unknown) => log.error('Diagnostics could not be sent', error));
}

/** A text for the log, whose lines stay lines. */
export const logged = (text: string): string => page(text);

function page(text: string): string {
  const safe = plainLines(text);
  return safe.length > MOST_PAGE ? `${safe.slice(0, MOST_PAGE)}…` : safe;
}
