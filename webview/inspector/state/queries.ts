import type { ModelState, Overview } from '../../../server/protocol/messages/inspect';
import type { QueryOf } from './asks';
import type { Store } from './store';

/** Questions about the layer that is shown, and what a second look at its config found. */

export function placeOf(store: Store): { fingerprint: string; layer: string; state: ModelState } {
  const { overview, layer } = store.get();
  return { fingerprint: overview!.fingerprint, layer: layer!.layer, state: layer!.state };
}

/** What pruning exactly these units does; a quick answer may rest on a subset. */
export function maskQuery(store: Store, units: Iterable<number>, scope: 'quick' | 'full'): QueryOf<'mask'> {
  return { ...placeOf(store), kind: 'mask', units: Int32Array.from(units), scope };
}

/** Whether two looks at a config found the same model, data and report. */
export const sameAnswers = (a: Overview, b: Overview): boolean =>
  a.fingerprint === b.fingerprint && JSON.stringify(a.report) === JSON.stringify(b.report);

/** Whether a config names units, and other ones than before. */
export const namesOthers = ({ prune: { units } }: Overview, before: Overview): boolean =>
  units !== null && JSON.stringify(units) !== JSON.stringify(before.prune.units);
