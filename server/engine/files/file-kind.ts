/**
 * What a file is, by its first bytes, and by its name only where they say nothing. Nothing is parsed further than that, nothing
 * executed, followed or fetched.
 */
import { fileKind, type FileKind, type Kind } from './kinds';
import { isLfsPointer } from './lfs-pointer';
import { isOnnx, kindByMagic, type MoreOfFile } from './magic';

/** Bytes from a file's beginning that recognition reads: the attributes of an HDF5 file's root lie within them. */
export const HEAD_BYTES = 64 * 1024;

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
