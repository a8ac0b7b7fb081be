import type { Kind } from './kinds';

/** What is known of a file beside its first bytes. */
export interface MoreOfFile {
  /** The file's name, for its ending. */
  readonly name?: string;
  /** Size of the whole file in bytes. */
  readonly size?: number;
  /** Names in a zip archive's central directory, as far as they were read. */
  readonly entries?: readonly string[];
}

const starts = (bytes: Buffer, signature: string): boolean =>
  bytes.subarray(0, signature.length).equals(Buffer.from(signature, 'latin1'));

/**
 * The kind of a file whose first bytes say it for certain.
 * @param bytes as many of them as `kindOfBytes` takes
 */
export function kindByMagic(bytes: Buffer, more: MoreOfFile): Kind | null {
  // First: pixels may be any bytes.
  if (isIdx(bytes)) return 'idx';
  const simple = SIGNATURES.find(({ at = 0, signature }) => starts(bytes.subarray(at), signature));
  if (simple) return simple.kind;
  if (starts(bytes, 'PK\x03\x04') || starts(bytes, 'PK\x05\x06')) return kindOfZip(more.entries ?? firstEntry(bytes));
  if (HDF5_OFFSETS.some((at) => starts(bytes.subarray(at), HDF5))) return kindOfHdf5(bytes);
  if (isSafetensors(bytes, more.size)) return 'safetensors';
  return isPickle(bytes) ? 'pickle' : null;
}

const HDF5 = '\x89HDF\r\n\x1a\n';
/** A file may begin with a block of its owner's, of 512 bytes or a power of two more. */
const HDF5_OFFSETS = [0, 512, 1024, 2048];

const SIGNATURES: { kind: Kind; signature: string; at?: number }[] = [
  { kind: 'gzip', signature: '\x1f\x8b' },
  { kind: 'bzip2', signature: 'BZh' },
  { kind: 'xz', signature: '\xfd7zXZ\0' },
  { kind: 'zstd', signature: '\x28\xb5\x2f\xfd' },
  { kind: '7z', signature: '7z\xbc\xaf\x27\x1c' },
  { kind: 'tflite', signature: 'TFL3', at: 4 },
  { kind: 'npy', signature: '\x93NUMPY' },
  { kind: 'parquet', signature: 'PAR1' },
  { kind: 'matlab', signature: 'MATLAB ' },
  { kind: 'png', signature: '\x89PNG\r\n\x1a\n' },
  { kind: 'jpeg', signature: '\xff\xd8\xff' },
  { kind: 'gif', signature: 'GIF8' },
  { kind: 'pdf', signature: '%PDF-' },
  { kind: 'tar', signature: 'ustar', at: 257 },
  // torch.save() before PyTorch 1.6: a pickle of the number 0x1950a86a20f9469cfc6c comes first.
  { kind: 'pytorch', signature: '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.' },
  // schema version 1, then a graph: what every saved_model.pb begins with.
  { kind: 'saved-model', signature: '\x08\x01\x12' },
];

/** Name of the first file in a zip archive, from its own header. */
function firstEntry(bytes: Buffer): string[] {
  return bytes.length < 30 ? [] : [bytes.toString('utf8', 30, 30 + bytes.readUInt16LE(26))];
}

function kindOfZip(entries: readonly string[]): Kind {
  const has = (pattern: RegExp): boolean => entries.some((name) => pattern.test(name));
  if (has(/^model\.weights\.h5$/) || (has(/^metadata\.json$/) && has(/^config\.json$/))) return 'keras-zip';
  if (has(/^[^/]+\/constants\.pkl$/) || has(/^[^/]+\/code\/__torch__/)) return 'torchscript';
  if (has(/^([^/]+\/)?data\.pkl$/)) return 'pytorch';
  if (has(/(^|\/)model\.json$/)) return 'zipped-model';
  return has(/\.npy$/) ? 'npz' : 'zip';
}

/** By the names of the root's attributes and groups, which HDF5 ends with a zero byte. */
function kindOfHdf5(bytes: Buffer): Kind {
  const has = (name: string): boolean => bytes.includes(`${name}\0`, 0, 'latin1');
  if (has('model_config')) return 'keras-h5';
  // Keras 2, then Keras 3.
  return has('layer_names') || (has('layers') && has('vars')) || has('_layer_checkpoint_dependencies')
    ? 'keras-weights'
    : 'hdf5';
}

/** Length of the header, then the header, which is JSON with a data type for each tensor. */
function isSafetensors(bytes: Buffer, size = Infinity): boolean {
  if (bytes.length < 10 || bytes.readUInt32LE(4) !== 0 || bytes[8] !== 0x7b) return false;
  const header = bytes.readUInt32LE(0);
  return (
    header >= 2 &&
    header <= 100_000_000 &&
    header + 8 <= size &&
    /"(dtype|__metadata__)"/.test(bytes.toString('latin1', 8, Math.min(bytes.length, header + 8)))
  );
}

/** Protocol 2 to 5, and an opcode that begins an object. */
function isPickle(bytes: Buffer): boolean {
  const [first, protocol = 0, opcode = 0] = bytes;
  return (
    first === 0x80 &&
    protocol >= 2 &&
    protocol <= 5 &&
    (protocol >= 4 ? opcode === 0x95 : [0x7d, 0x5d, 0x28, 0x63, 0x8a, 0x58, 0x4b].includes(opcode))
  );
}

/** Two zeros, an element type, a number of dimensions: MNIST's format. */
function isIdx(bytes: Buffer): boolean {
  const [a, b, type = 0, rank = 0] = bytes;
  return (
    a === 0 &&
    b === 0 &&
    [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e].includes(type) &&
    rank >= 1 &&
    rank <= 4 &&
    bytes.length >= 4 + 4 * rank
  );
}

/** A protobuf that begins as ONNX exporters begin it: ir_version, then the producer's name, the graph or the operator sets. */
export function isOnnx(bytes: Buffer): boolean {
  const [tag, version = 0, next = 0, length = 0] = bytes;
  if (tag !== 0x08 || version < 3 || version > 30) return false;
  if (next === 0x12)
    return length > 0 && length < 0x80 && /^[\x20-\x7e]+$/.test(bytes.toString('latin1', 4, 4 + length));
  return next === 0x3a || (next === 0x42 && length > 0 && length <= 40);
}
