import { SECRET } from '../canaries';

/** A line that nobody can read. */
const MOST_CHARACTERS = 20_000;

/** What is wrong with a text that a person is shown, whatever it says. */
export function badText(text: string, what: string): string[] {
  const found: string[] = [];
  const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.exec(text);
  if (control)
    found.push(
      `${what} has a control character (${control[0].charCodeAt(0).toString(16)}): ${JSON.stringify(text.slice(Math.max(0, control.index - 60), control.index + 20))}`,
    );
  if (text.includes(SECRET)) found.push(`${what} shows a file from outside`);
  if (/\n\s+at \S.*[:(]\d+:\d+\)?/.test(text)) found.push(`${what} has a stack: ${text.slice(0, 600)}`);
  const long = text.split('\n').find((line) => line.length > MOST_CHARACTERS);
  if (long !== undefined)
    found.push(`${what} has a line of ${long.length} characters: ${JSON.stringify(long.slice(0, 80))}`);
  return found;
}
