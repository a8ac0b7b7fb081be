import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, nativeCacheFolder } from '../../server/engine/backend/native-sources';

/**
 * A cache for `FINE_PRUNE_CACHE` with this machine's native engine and nothing else: what was scanned before must not be what is tested,
 * and what a test scans need not stay.
 * @returns its path, below `parent`
 */
export function ownCache(parent: string): string {
  const cache = path.join(parent, 'cache');
  mkdirSync(cache, { recursive: true });
  const native = path.join(cache, path.relative(cacheFolder(), nativeCacheFolder()));
  if (existsSync(nativeCacheFolder()) && !existsSync(native)) symlinkSync(nativeCacheFolder(), native, 'junction');
  return cache;
}
