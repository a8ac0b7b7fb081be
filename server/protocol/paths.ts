/** Node's `path`, of this or another system: this folder imports nothing, and pages have none. */
export interface PathRules {
  readonly sep: string;
  relative(from: string, to: string): string;
  isAbsolute(path: string): boolean;
}

/**
 * Whether `target` is `folder` or lies below it. Both are absolute and free of links; a separator at the end makes no difference. Case
 * counts as the rules say, which on Windows is not at all.
 */
export function contains(rules: PathRules, folder: string, target: string): boolean {
  const way = rules.relative(folder, target);
  // On another Windows drive the "relative" path is absolute; "..name" is an ordinary file name.
  return way === '' || (way !== '..' && !way.startsWith(`..${rules.sep}`) && !rules.isAbsolute(way));
}
