import { type Failure, failureFrom } from '../../protocol/errors';

/** Where people write when the fault is ours. */
const DEFECT_TODO = 'This is a bug in Fine-Prune: please report it, with the log.';

/**
 * Any thrown value as a Failure. FinePruneErrors keep theirs; what the operating system refused becomes a failure that
 * names the file; memory that can't be had becomes `engine.outOfMemory`; everything else is `engine.internal`.
 */
export function toFailure(error: unknown): Failure {
  return failureFrom(error, (message) => otherFailure(error, message));
}

function otherFailure(error: unknown, message: string): Failure {
  const system = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const file = typeof system.path === 'string' ? { file: system.path } : {};
  switch (system.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return {
        kind: 'input',
        code: 'output.diskFull',
        message: 'The disk is full.',
        ...file,
        todo: 'Free some space, or name another folder for the output, and run again.',
      };
    case 'ENOENT':
      return {
        kind: 'input',
        code: 'file.missing',
        message: `A file is missing: ${message}.`,
        ...file,
        todo: 'Put the file back, or correct the path.',
      };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EISDIR':
      return {
        kind: 'input',
        code: 'file.notAccessible',
        message: `The operating system denied access to a file: ${message}.`,
        ...file,
        todo: 'Check the path and its permissions.',
      };
  }
  if (/allocation failed|out of memory|memory access out of bounds|cannot enlarge memory|bad_alloc/i.test(message))
    return outOfMemory(`The engine ran out of memory (${message})`);
  return { kind: 'engine', code: 'engine.internal', message: `The engine failed: ${message}.`, todo: DEFECT_TODO };
}

/** Memory ran out, however it was noticed: `sentence` says how, without its full stop. */
export function outOfMemory(sentence: string): Failure {
  return {
    kind: 'engine',
    code: 'engine.outOfMemory',
    message: `${sentence}.`,
    todo: 'Close other programs, or use fewer images (`testImages`, `analysisImages`, `fineTuneImages` in the config), and run again.',
  };
}
