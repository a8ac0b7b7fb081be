import type { Failure } from '../../protocol/errors';
import { named } from '../../protocol/text/plain';

/** The sentence of a failure, with the name of the file at fault before it where the sentence does not give it. */
export function namingFile({ file, message }: Failure): string {
  const name = file?.split(/[\\/]/).at(-1);
  const shown = name && named(name);
  return !shown || message.includes(shown) ? message : `${shown}: ${message}`;
}
