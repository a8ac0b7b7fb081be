// What is used of picomatch, which has no types of its own.
declare module 'picomatch' {
  /** @returns whether a path with `/` fits one of some globs */
  function picomatch(
    globs: string | string[],
    options?: { dot?: boolean; nocase?: boolean; nonegate?: boolean },
  ): (path: string) => boolean;
  export = picomatch;
}
