import { badInput, type FinePruneError } from '../../../../protocol/errors';
import type { IdxHeader } from './idx-header';

const declares = ({ dims, total }: IdxHeader): string => `${dims.join('×')} elements make ${total} bytes`;

export function wrongMagic(file: string, what: string, reason: string): FinePruneError {
  return badInput('data.wrongMagic', `The file of the ${what} is not in IDX format: ${reason}.`, {
    file,
    place: 'byte 0',
    todo: "Name an IDX file such as MNIST's, plain or gzip: images begin with 00000803, labels with 00000801.",
  });
}

export function truncated(file: string, what: string, header: IdxHeader, length: number): FinePruneError {
  return badInput(
    'data.truncated',
    `The file of the ${what} ends too early: ${declares(header)}, but it has ${length}.`,
    {
      file,
      place: `byte ${length}`,
      todo: 'Get it again: it was not copied or downloaded to its end.',
    },
  );
}

export function truncatedGzip(file: string, what: string, header: IdxHeader): FinePruneError {
  return badInput(
    'data.truncatedGzip',
    `The gzip file of the ${what} ends too early: ${declares(header)}, which it does not contain.`,
    {
      file,
      todo: 'Get it again: it was not copied or downloaded to its end.',
    },
  );
}

export function damagedGzip(file: string, what: string, cause: unknown): FinePruneError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return badInput('data.damagedGzip', `The gzip file of the ${what} is damaged (${reason}).`, {
    file,
    todo: 'Get it again.',
  });
}

export function gzipTooLong(file: string, what: string, header: IdxHeader): FinePruneError {
  return badInput(
    'data.gzipTooLong',
    `The gzip file of the ${what} contains more than its header says: ${declares(header)}. Reading stopped there.`,
    {
      file,
      todo: 'Use the original file: this one was changed, or is made to exhaust the memory.',
    },
  );
}

export function trailingBytes(file: string, what: string, header: IdxHeader, length: number): FinePruneError {
  return badInput(
    'data.trailingBytes',
    `The file of the ${what} is longer than its header says: ${declares(header)}, but it has ${length}.`,
    {
      file,
      place: `byte ${header.total}`,
      todo: 'Use the original file: this one was changed, or has another format.',
    },
  );
}
