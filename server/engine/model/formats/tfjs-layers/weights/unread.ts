import type { Homes } from '../../../parameters';
import type { UnreadTensor } from '../../../unread';
import type { ManifestGroup } from './manifest';

/** Tensors of the manifest that no layer reads. */
export function unreadTensors(groups: readonly ManifestGroup[], homes: Homes): UnreadTensor[] {
  const read = new Set([...homes.values()].map(({ place }) => place));
  return groups.flatMap(({ tensors }) =>
    tensors
      .filter(({ place }) => !read.has(place))
      .map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes })),
  );
}
