import { failureFrom, type Failure } from '../protocol/errors';

/** What was thrown as a failure in words for people; what is no FinePruneError is a defect, and says so. */
export function failureOf(error: unknown): Failure {
  return failureFrom(error, (message) => ({
    kind: 'engine',
    code: 'internal',
    message: `Unexpected error: ${message}.`,
    todo: 'Please report this with the log.',
  }));
}
