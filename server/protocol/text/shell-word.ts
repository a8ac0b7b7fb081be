import { visible } from './plain';

/** One argument of a shell command, in quotes where it needs them. What is not seen is spelt out: such a command is to be read, not run. */
export function shellWord(value: string): string {
  const word = visible(value).replace(/^-/, './-');
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
