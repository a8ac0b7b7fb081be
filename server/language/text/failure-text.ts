import type { Failure } from '../../protocol/errors';

/** The sentence of a failure, with the name of the file at fault before it where the sentence does not give it. */
export function namingFile({ file, message }: Failure): string {
  const name = file?.split(/[\\/]/).at(-1);
  return !name || message.includes(name) ? message : `${name}: ${message}`;
}
