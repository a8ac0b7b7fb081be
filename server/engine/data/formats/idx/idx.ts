import type { DataHeader, SourceOf } from '../../../../protocol/data-source';
import { kindOfBytes } from '../../../files/file-kind';
import { insideGzip } from '../../../files/sniff';
import type { DataFormat } from '../format';
import { readIdxFile, readIdxHeader } from './idx-file';
import { openIdx } from './open-idx';
import { pairByName } from './pair';

const UBYTE = 0x08;
/** Labels up to this size are read, to know the largest one; packed, no more than that is unpacked. */
const MOST_LABELS = 1 << 20;

/** MNIST's own format, plain or gzip: a file of images and one of labels. */
export const IDX: DataFormat<SourceOf<'idx'>> = {
  name: 'idx',
  match(name, head) {
    const kind = kindOfBytes(head, { name })?.kind;
    return (kind === 'gzip' ? insideGzip(head)?.kind : kind) === 'idx';
  },
  header,
  pair: pairByName,
  open: ({ images, labels }, { scale, name }) => openIdx(images, labels, scale, name),
};

/** Three dimensions are images of one channel, four those of several, and one are labels. */
async function header(file: string, what: string): Promise<DataHeader> {
  const { dims, type, total } = await readIdxHeader(file, what);
  const [count, height, width, channels = 1] = dims as [number, number?, number?, number?];
  if (height !== undefined && width !== undefined) return { images: { count, shape: [height, width, channels] } };
  if (height !== undefined) return {};
  if (type !== UBYTE || count === 0 || total > MOST_LABELS) return { labels: { count } };
  const { body } = await readIdxFile(file, what);
  return { labels: { count, largest: body.reduce((most, label) => Math.max(most, label), 0) } };
}
