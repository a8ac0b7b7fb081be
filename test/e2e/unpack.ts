import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';

/**
 * Unpacks a zip archive.
 * @returns the files in it, with their sizes in bytes
 */
export async function unpack(archive: string, into: string): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  const zip = await yauzl.openPromise(archive, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      const target = path.join(into, entry.fileName); // yauzl refuses names that lead out of it
      await mkdir(path.dirname(target), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target));
      files.set(entry.fileName, entry.uncompressedSize);
    }
  } finally {
    zip.close();
  }
  return files;
}
