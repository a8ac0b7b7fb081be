import { oneDnnFaultOf, retryMessage, type OneDnnFault, type ProcessEnd } from '../engine/backend/one-dnn';
import { FinePruneError, type Failure } from '../protocol/errors';

/** What came of an engine process that failed. */
export class EngineFailure extends FinePruneError {
  /** What oneDNN may have to do with it: another process without it might do the work. */
  readonly fault: OneDnnFault | null;

  /** @param end how the process ended, if the native engine may have been in it */
  constructor(failure: Failure, end: ProcessEnd | null, cause?: Error) {
    super(failure, { cause });
    this.fault = end && oneDnnFaultOf(end);
  }
}

/**
 * Has an engine process do something; where it fails by what oneDNN is known for, another one without oneDNN, once.
 * @param attempt starts the process and rejects with an EngineFailure when it fails
 * @param onRetry hears a sentence on why there is a second process
 */
export async function retriedWithoutOneDnn<T>(
  attempt: (fault: OneDnnFault | null) => Promise<T>,
  onRetry: (message: string) => void,
): Promise<T> {
  try {
    return await attempt(null);
  } catch (error) {
    if (!(error instanceof EngineFailure) || !error.fault) throw error;
    onRetry(retryMessage(error.fault, error.message));
    return await attempt(error.fault);
  }
}
