import { FinePruneError } from '../../protocol/errors';

/** Takes a path as the config says it to an absolute one inside the allowed folders. */
export type Resolve = (relative: string, what?: string) => Promise<string>;

/**
 * Adds the place in the config to a failure that has to be mended there: one without a place of its own.
 */
export async function at<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FinePruneError) || error.place !== undefined) throw error;
    const { kind, code, message, todo } = error;
    throw new FinePruneError({ kind, code, message, place, ...(todo !== undefined && { todo }) }, { cause: error });
  }
}
