/**
 * What a file is, told by its first bytes, and by its name only where they say nothing. Nothing is parsed further than that, nothing
 * executed, followed or fetched.
 */

/** Bytes from a file's beginning that recognition reads: the attributes of an HDF5 file's root lie within them. */
export const HEAD_BYTES = 64 * 1024;

export type Kind =
  | 'lfs-pointer'
  | 'html'
  | 'xml'
  | 'gzip'
  | 'zip'
  | 'zipped-model'
  | 'tar'
  | 'bzip2'
  | 'xz'
  | 'zstd'
  | '7z'
  | 'keras-h5'
  | 'keras-weights'
  | 'hdf5'
  | 'keras-zip'
  | 'keras-saved-model'
  | 'saved-model'
  | 'tf-graph'
  | 'tf-checkpoint'
  | 'tflite'
  | 'onnx'
  | 'pytorch'
  | 'torchscript'
  | 'pickle'
  | 'safetensors'
  | 'caffe'
  | 'coreml'
  | 'npy'
  | 'npz'
  | 'matlab'
  | 'parquet'
  | 'png'
  | 'jpeg'
  | 'gif'
  | 'pdf'
  | 'idx'
  | 'graph-model'
  | 'keras-architecture'
  | 'weights-manifest'
  | 'tm-metadata'
  | 'defense-report'
  | 'scan-result'
  | 'defense-config';

export interface FileKind {
  readonly kind: Kind;
  /** With its article, such as `a Keras model (HDF5)`. */
  readonly what: string;
  /** How far it is known: by content, by content that other kinds may share, or by the name alone. */
  readonly sure: 'content' | 'likely' | 'name';
}

const WHAT: Record<Kind, string> = {
  'lfs-pointer': 'a Git LFS pointer',
  html: 'a web page (HTML)',
  xml: 'an XML document',
  gzip: 'a gzip file',
  zip: 'a zip archive',
  'zipped-model': 'a zip archive with a model.json in it',
  tar: 'a tar archive',
  bzip2: 'a bzip2 file',
  xz: 'an xz file',
  zstd: 'a zstd file',
  '7z': 'a 7z archive',
  'keras-h5': 'a Keras model (HDF5)',
  'keras-weights': 'a file of Keras weights without the layers (HDF5)',
  hdf5: 'an HDF5 file',
  'keras-zip': 'a Keras model (.keras)',
  'keras-saved-model': 'a TensorFlow SavedModel of Keras',
  'saved-model': 'a TensorFlow SavedModel',
  'tf-graph': 'a TensorFlow graph',
  'tf-checkpoint': 'a TensorFlow checkpoint',
  tflite: 'a TensorFlow Lite model',
  onnx: 'an ONNX model',
  pytorch: 'a PyTorch file',
  torchscript: 'a TorchScript model (PyTorch)',
  pickle: 'a Python pickle',
  safetensors: 'a safetensors file',
  caffe: 'a Caffe model',
  coreml: 'a Core ML model',
  npy: 'a NumPy array (.npy)',
  npz: 'a NumPy archive (.npz)',
  matlab: 'a MATLAB file',
  parquet: 'a Parquet file',
  png: 'a PNG image',
  jpeg: 'a JPEG image',
  gif: 'a GIF image',
  pdf: 'a PDF document',
  idx: 'a file of data in IDX format',
  'graph-model': 'a TF.js graph model',
  'keras-architecture': 'the architecture of a Keras model without its weights (JSON)',
  'weights-manifest': 'a weights manifest of TF.js without a model',
  'tm-metadata': 'the metadata of a Teachable Machine model',
  'defense-report': 'a defense report',
  'scan-result': 'the result of a scan for backdoors',
  'defense-config': 'a defense config',
};

export function fileKind(kind: Kind, sure: FileKind['sure'] = 'content'): FileKind {
  return { kind, what: WHAT[kind], sure };
}

/** `is a Keras model (HDF5)`, or as much as is known. */
export function kindWords({ what, sure }: FileKind): string {
  return sure === 'content'
    ? `is ${what}`
    : sure === 'likely'
      ? `looks like ${what}`
      : `looks by its name like ${what}`;
}

/** What is known of a file beside its first bytes. */
export interface MoreOfFile {
  /** The file's name, for its ending. */
  readonly name?: string;
  /** Size of the whole file in bytes. */
  readonly size?: number;
  /** Names in a zip archive's central directory, as far as they were read. */
  readonly entries?: readonly string[];
}

/**
 * What a file of these first bytes is.
 * @param head its first `HEAD_BYTES` bytes, or all of them
 * @returns null for everything else: JSON, other texts, raw weights, unknown bytes
 */
export function kindOfBytes(head: Uint8Array, more: MoreOfFile = {}): FileKind | null {
  if (head.length === 0) return null;
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const text = bytes.toString('latin1', 0, 1024).replace(/^ï»¿/, '');
  const kind = kindOfText(text) ?? kindByMagic(bytes, more);
  const named = NAMES.find(({ ending }) => ending.test(more.name ?? ''))?.kind;
  // One that is cut off has lost its list of names.
  if (kind === 'zip' && (named === 'keras-zip' || named === 'pytorch')) return fileKind(named, 'likely');
  if (kind) return fileKind(kind);
  if (/^\s*[{[]/.test(text)) return null;
  if (isOnnx(bytes)) return fileKind('onnx', 'likely');
  // A name says nothing against the content: a text is none of the binary kinds.
  return named && !(isText(bytes) && !TEXT_KINDS.has(named)) ? fileKind(named, 'name') : null;
}

/** Kinds of `NAMES` that may be texts. */
const TEXT_KINDS: ReadonlySet<Kind> = new Set(['caffe', 'tf-graph', 'tf-checkpoint', 'pickle']);

/** Whether bytes are UTF-8 without control characters but for tabs and line ends; a character cut off at the end may be. */
function isText(bytes: Buffer): boolean {
  try {
    return !/[\u0000-\u0008\u000e-\u001f]/.test(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true }),
    );
  } catch {
    return false;
  }
}

/** What a text begins like, as far as it is a kind of its own. */
export function kindOfText(text: string): Kind | null {
  if (isLfsPointer(text)) return 'lfs-pointer';
  const start = text
    .slice(0, 1024)
    .replace(/^\uFEFF/, '')
    .replace(/^(\s|<!--[^>]*-->)+/, '');
  if (/^<(!doctype html|html|head|body)\b/i.test(start)) return 'html';
  return /^<\?xml\b/.test(start) ? (/<html\b/i.test(start) ? 'html' : 'xml') : null;
}

/** Whether a text is a Git LFS pointer, what git leaves in place of a large file that was not downloaded; with any line endings. */
export function isLfsPointer(text: string): boolean {
  return /^version https?:\/\/\S+\/spec\/v1\r?\n/.test(text.slice(0, 256));
}

/** Pointers are shorter than this, by their specification. */
export const MOST_POINTER_BYTES = 1024;

/** The content that a Git LFS pointer stands for. */
export interface LfsObject {
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** What a Git LFS pointer stands for, from its text. Null where the text is no whole pointer, or content was filtered. */
export function lfsObject(text: string): LfsObject | null {
  if (text.length > MOST_POINTER_BYTES || !isLfsPointer(text) || /^ext-/m.test(text)) return null;
  const [, sha256] = /^oid sha256:([0-9a-f]{64})\r?$/m.exec(text) ?? [];
  const [, size] = /^size (\d{1,15})\r?$/m.exec(text) ?? [];
  return sha256 === undefined || size === undefined ? null : { sha256, size: Number(size) };
}

const starts = (bytes: Buffer, signature: string): boolean =>
  bytes.subarray(0, signature.length).equals(Buffer.from(signature, 'latin1'));

function kindByMagic(bytes: Buffer, more: MoreOfFile): Kind | null {
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

/** Kinds without a beginning of their own, and files whose beginning is damaged. */
const NAMES: { kind: Kind; ending: RegExp }[] = [
  { kind: 'caffe', ending: /\.(caffemodel|prototxt)(\.h5)?$/i },
  { kind: 'coreml', ending: /\.ml(model|package)$/i },
  { kind: 'onnx', ending: /\.onnx$/i },
  { kind: 'hdf5', ending: /\.(h5|hdf5)$/i },
  { kind: 'keras-zip', ending: /\.keras$/i },
  { kind: 'pytorch', ending: /\.(pt|pth)$/i },
  { kind: 'pickle', ending: /\.(pkl|pickle|joblib)$/i },
  { kind: 'safetensors', ending: /\.safetensors$/i },
  { kind: 'tflite', ending: /\.tflite$/i },
  { kind: 'tf-checkpoint', ending: /\.(ckpt|data-\d{5}-of-\d{5}|ckpt[^/]*\.(index|meta))$/i },
  { kind: 'tf-graph', ending: /\.(pb|pbtxt)$/i },
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
function isOnnx(bytes: Buffer): boolean {
  const [tag, version = 0, next = 0, length = 0] = bytes;
  if (tag !== 0x08 || version < 3 || version > 30) return false;
  if (next === 0x12)
    return length > 0 && length < 0x80 && /^[\x20-\x7e]+$/.test(bytes.toString('latin1', 4, 4 + length));
  return next === 0x3a || (next === 0x42 && length > 0 && length <= 40);
}

/** What a JSON value is that is no TF.js Layers model. */
export function kindOfJson(value: unknown): FileKind | null {
  if (Array.isArray(value))
    return value.length > 0 &&
      value.every((group) => isObject(group) && Array.isArray(group['paths']) && Array.isArray(group['weights']))
      ? fileKind('weights-manifest')
      : null;
  if (!isObject(value)) return null;
  const topology = value['modelTopology'];
  if (value['format'] === 'graph-model' || (isObject(topology) && Array.isArray(topology['node'])))
    return fileKind('graph-model');
  if (topology !== undefined) return null;
  if (typeof value['class_name'] === 'string' && isObject(value['config'])) return fileKind('keras-architecture');
  if (
    typeof value['tmVersion'] === 'string' ||
    (typeof value['packageName'] === 'string' && Array.isArray(value['labels']))
  )
    return fileKind('tm-metadata');
  if (value['schemaVersion'] !== undefined && isObject(value['verdict'])) return fileKind('defense-report');
  if (value['schemaVersion'] !== undefined && isObject(value['scan']) && value['stages'] === undefined)
    return fileKind('scan-result');
  return typeof value['model'] === 'string' && isObject(value['data']) ? fileKind('defense-config') : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
