/** The version that proper-lockfile loads; it brings no types. */
declare module 'signal-exit' {
  /** Stops listening to signals and gives `process.emit` back. */
  export function unload(): void;
}
