/** One finished host test. */
export interface HostTest {
  readonly title: string;
  readonly state: 'passed' | 'failed';
  readonly ms: number;
  /** Message and stack of the failure. */
  readonly error?: string;
}

/** What the suite in the extension host writes, and the runner outside reads. */
export interface HostResults {
  readonly passed: number;
  readonly failed: number;
  readonly ms: number;
  readonly tests: readonly HostTest[];
}

/** The environment variable that names the file of results. */
export const resultsVariable = 'FINE_PRUNE_HOST_RESULTS';

/** Environment variable that names a folder with the small network's model.json and weights. */
export const smallModelVariable = 'FINE_PRUNE_HOST_SMALL_MODEL';
