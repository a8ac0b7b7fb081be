// Mocha loads this before any test: what an earlier run of the tests, or a person, has scanned must not be what is tested.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ownCache } from './own-cache';

const folder = mkdtempSync(path.join(os.tmpdir(), 'fp-cache-'));
process.env.FINE_PRUNE_CACHE = ownCache(folder);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
