import type { ModelState } from '../../server/protocol/inspect';
import type { QueryOf } from './asks';
import type { Store } from './store';

/** Questions about the layer that is shown. */

export function placeOf(store: Store): { fingerprint: string; layer: string; state: ModelState } {
  const { overview, layer } = store.get();
  return { fingerprint: overview!.fingerprint, layer: layer!.layer, state: layer!.state };
}

/** What pruning exactly these units does; a quick answer may rest on a subset. */
export function maskQuery(store: Store, units: Iterable<number>, scope: 'quick' | 'full'): QueryOf<'mask'> {
  return { ...placeOf(store), kind: 'mask', units: Int32Array.from(units), scope };
}
