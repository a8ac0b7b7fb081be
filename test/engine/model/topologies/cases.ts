import { CONVOLUTIONS, OTHER_LAYERS } from './convolution';
import { DENSE } from './dense';
import { JOINED } from './joined';
import type { Case } from './parts';

/** Every shape of network that units are found in. Weights are seeded by the place in this list. */
export const CASES: Case[] = [...DENSE, ...CONVOLUTIONS, ...JOINED, ...OTHER_LAYERS];
