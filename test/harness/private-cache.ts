// Mocha loads this before any test: what an earlier run of the tests, or a person, has scanned must not be what is tested.
import { ownCache } from './own-cache';
import { makeTempDir } from './processes';

process.env.FINE_PRUNE_CACHE = ownCache(makeTempDir('fp-cache-').dir);
