import { opendir } from 'node:fs/promises';
import path from 'node:path';
import { contains } from '../engine/files/confine';
import { looksLikeData } from '../protocol/data-source';
import { CONFIG_FILE, looksLikeModel } from '../protocol/files';

/** Files of interest in a folder, absolute, in the order of the walk: nearer ones first. */
export interface FoundFiles {
  models: string[];
  data: string[];
  images: string[];
  configs: string[];
}

const MAX_DEPTH = 6;
const MAX_ENTRIES = 20_000;
const SKIPPED = /^(node_modules|\..*|__pycache__|venv)$/;
/** A walk is renewed after this long even if no watcher reported a change. */
const FRESH_MS = 10_000;

/** The workspace's folders, and what lies in them. */
export class Workspace {
  private folders: string[] = [];
  private readonly walks = new Map<string, { at: number; found: Promise<FoundFiles> }>();

  setFolders(folders: readonly string[]): void {
    this.folders = [...folders];
    this.walks.clear();
  }

  get roots(): readonly string[] {
    return this.folders;
  }

  /** The workspace folder that holds a file, the innermost of several; the file's own folder when none does. */
  rootOf(file: string): string {
    const holding = this.folders.filter((folder) => contains(folder, file)).sort((a, b) => b.length - a.length);
    return holding[0] ?? path.dirname(file);
  }

  /** What lies in the workspace folder of a file. Bounded in depth and number; never follows links. */
  files(root: string): Promise<FoundFiles> {
    const known = this.walks.get(root);
    if (known && Date.now() - known.at < FRESH_MS) return known.found;
    const found = walk(root);
    this.walks.set(root, { at: Date.now(), found });
    return found;
  }

  /** Files came or went. */
  forget(): void {
    this.walks.clear();
  }
}

async function walk(root: string): Promise<FoundFiles> {
  const found: FoundFiles = { models: [], data: [], images: [], configs: [] };
  let level = [root];
  let left = MAX_ENTRIES;
  for (let depth = 0; depth < MAX_DEPTH && level.length && left > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      left -= await list(folder, found, next, left);
      if (left <= 0) break;
    }
    level = next;
  }
  for (const files of Object.values(found) as string[][])
    files.sort((a, b) => a.split(path.sep).length - b.split(path.sep).length || (a < b ? -1 : 1));
  return found;
}

async function list(folder: string, found: FoundFiles, next: string[], most: number): Promise<number> {
  let seen = 0;
  try {
    for await (const entry of await opendir(folder)) {
      if (++seen > most) break;
      const file = path.join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.test(entry.name)) next.push(file);
      else if (entry.isFile()) sort(entry.name, file, found);
    }
  } catch {
    // A folder that may not be read, or is just being deleted, holds nothing for us.
  }
  return seen;
}

function sort(name: string, file: string, found: FoundFiles): void {
  if (CONFIG_FILE.is(name)) found.configs.push(file);
  else if (looksLikeModel(name)) found.models.push(file);
  else if (/\.png$/i.test(name)) found.images.push(file);
  else if (looksLikeData(name)) found.data.push(file);
}
