import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { HEAD_BYTES } from '../../../engine/files/file-kind';
import { kindOfJson } from '../../../engine/files/kind-of-json';
import type { FileKind, Kind } from '../../../engine/files/kinds';
import { readBytes } from '../../../engine/files/read';
import { readHead, sniffFile } from '../../../engine/files/sniff';
import type { ModelFormat } from '../../../engine/model/formats/format';
import { formatOfContent } from '../../../engine/model/formats/registry';
import { FILE_KINDS, hasModelEnding, looksLikeModel, MODEL_FILES, MOST_MODEL_BYTES } from '../../../protocol/files';
import { changedSince } from '../base/content';
import { topologyOf } from '../base/topology';
import type { CheckContext } from '../context';
import type { HeadFile } from '../../git';

/** A file of the working folder that is a model, of a format that is opened or of another one. */
export interface FoundModel {
  /** Path from the repository's root. */
  readonly path: string;
  /** What it is, with its article: `a TF.js Layers model`. */
  readonly what: string;
  /** Whether this version opens it, so that a report could be about it. */
  readonly opened: boolean;
  /** Against the base; null without one. */
  readonly state: 'new' | 'changed' | 'same' | null;
  /** Why its content is not known: it is not fetched, too large, or behind a link. */
  readonly unread: string | null;
  /** The hash of its layers; null where it is not known. */
  readonly topology: string | null;
  /** Object id of its content in git, where that is known. */
  readonly id: string | null;
}

/** Kinds of files that are models of other formats. Those that mostly hold data (HDF5, NumPy) are not among them. */
const OTHER_MODELS: ReadonlySet<Kind> = new Set<Kind>([
  'keras-h5',
  'keras-weights',
  'keras-zip',
  'keras-saved-model',
  'saved-model',
  'tf-graph',
  'tf-checkpoint',
  'tflite',
  'onnx',
  'pytorch',
  'torchscript',
  'pickle',
  'safetensors',
  'caffe',
  'coreml',
  'graph-model',
  'zipped-model',
]);
const OTHER_ENDINGS =
  /\.(caffemodel|mlmodel|onnx|keras|ptl?|pth|pkl|pickle|joblib|safetensors|tflite|pb|ckpt|h5|hdf5)$/i;

/** Of bytes as Latin-1. White space may be long. */
const JSON_BEGINNING = /^(\u00ef\u00bb\u00bf)?\s*(\{|$)/;

/**
 * The models that git tracks or would add: what is new or changed against the base by its content, whatever its name; else what is called
 * like a model. Folders that are skipped in other searches are looked through here.
 * @param covered paths of models that reports are about: as the base has them, they are left out
 * @param below path from the repository's root that the models that are as the base has them lie in; empty for all
 */
export async function findModels(
  below: string,
  covered: ReadonlySet<string>,
  context: CheckContext,
): Promise<FoundModel[]> {
  const { repository, base, head } = context;
  if (!repository || !head) return [];
  const changed = new Set(
    base
      ? [...head.files.values()]
          .filter((file) => file.id === null || file.id !== base.files.get(file.path))
          .map((file) => file.path)
      : [],
  );
  // A model whose weights changed is another model: what lies beside or above a changed file is looked at, too.
  const near = new Set([...changed].flatMap(foldersAbove));
  const found: FoundModel[] = [];
  for (const file of head.files.values()) {
    const { path: inside, kind } = file;
    const name = path.posix.basename(inside);
    if (kind === 'submodule' || FILE_KINDS.some((one) => one.is(name))) continue;
    const named = looksLikeModel(name) || OTHER_ENDINGS.test(name);
    const within = below === '' || inside.startsWith(`${below}/`);
    const isNear = hasModelEnding(name) && near.has(path.posix.dirname(inside));
    if (!changed.has(inside) && (covered.has(inside) || (!isNear && !(named && within)))) continue;
    const model = await look(file, named, changed, context);
    if (model) found.push(model);
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function foldersAbove(file: string): string[] {
  const folders: string[] = [];
  for (let folder = path.posix.dirname(file); ; folder = path.posix.dirname(folder)) {
    folders.push(folder);
    if (folder === '.' || folder === '/') return folders;
  }
}

async function look(
  { path: inside, kind, id }: HeadFile,
  named: boolean,
  changed: ReadonlySet<string>,
  context: CheckContext,
): Promise<FoundModel | null> {
  const { repository, base } = context;
  const file = path.join(repository!.root, ...inside.split('/'));
  const isChanged = changed.has(inside);
  const state = base ? (base.files.has(inside) ? (isChanged ? 'changed' : 'same') : 'new') : null;
  const model = { path: inside, state, id, opened: false, unread: null, topology: null } as const;
  const info = await lstat(file).catch(() => null);
  if (info === null)
    return named && isChanged
      ? { ...model, what: 'a file named like a model', unread: 'not in the working folder' }
      : null;
  if (kind === 'link' || info.isSymbolicLink()) {
    // What it leads to is looked at where it lies, if git has it.
    const real = await realpath(file).catch(() => null);
    const target = real && repository!.relative(real);
    return !named || (target && context.head!.files.get(target)?.kind === 'file')
      ? null
      : { ...model, what: 'a symbolic link named like a model', unread: 'it leads to what git does not have' };
  }
  if (!info.isFile() || info.size === 0) return null;
  const beginning = await readHead(file).catch(() => null);
  if (!beginning) return named ? { ...model, what: 'a file named like a model', unread: "it can't be read" } : null;
  const isJson = JSON_BEGINNING.test(beginning.toString('latin1', 0, HEAD_BYTES));
  const whole =
    info.size <= beginning.length
      ? beginning
      : isJson && info.size <= MOST_MODEL_BYTES
        ? await readBytes(file, MOST_MODEL_BYTES)
        : null;
  const format = whole
    ? formatOfContent(path.posix.basename(inside), isJson ? whole.toString('utf8') : whole.subarray(0, HEAD_BYTES))
    : null;
  if (format && whole)
    return {
      ...model,
      what: `a ${format.label}`,
      opened: true,
      state: state === 'same' && (await weightsChanged(format, whole, inside, changed, context)) ? 'changed' : state,
      topology: topologyOf(whole, path.posix.basename(inside)),
    };
  if (isJson) return jsonModel(model, whole, named);
  const other = await sniffFile(file);
  if (other?.kind === 'lfs-pointer')
    return named ? { ...model, what: 'a Git LFS pointer named like a model', unread: 'it is not fetched' } : null;
  return other && isOther(other, inside) ? { ...model, what: other.what } : null;
}

type Known = Omit<FoundModel, 'what'>;

/** JSON that no format knows: another kind of model, or one that is written so that a format does not see it and a loader does. */
function jsonModel(model: Known, whole: Buffer | null, named: boolean): FoundModel | null {
  if (!whole) return named ? { ...model, what: 'JSON named like a model', unread: 'it is too large' } : null;
  const text = whole.toString('utf8');
  // Keys can be written with escapes.
  if (!/modelTopology|graph-model|layers-model/.test(text) && !text.includes('\\u')) return null;
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const kind = kindOfJson(value);
    if (kind && isOther(kind, model.path)) return { ...model, what: kind.what };
    if (value['modelTopology'] === undefined || value['weightsManifest'] === undefined) return null;
    return {
      ...model,
      what: `a ${MODEL_FILES['tfjs-layers'].label} with unusual keys`,
      unread: 'its keys are written with escapes',
    };
  } catch {
    return null;
  }
}

/** By its content; a kind that only looks likely has to have its name, too. */
const isOther = ({ kind, sure }: FileKind, file: string): boolean =>
  OTHER_MODELS.has(kind) && (sure === 'content' || OTHER_ENDINGS.test(file));

/** Whether the weights of a model whose own file is that of the base are others. */
async function weightsChanged(
  format: ModelFormat,
  content: Buffer,
  inside: string,
  changed: ReadonlySet<string>,
  context: CheckContext,
): Promise<boolean> {
  let files: string[];
  try {
    files = format.weightFiles(content, path.posix.basename(inside));
  } catch {
    return false;
  }
  const folder = path.posix.dirname(inside);
  for (const weights of files) {
    const at = path.posix.join(folder, weights);
    if (changed.has(at)) return true;
    // What was edited and not added yet has the old id.
    if (await changedSince(path.join(context.repository!.root, ...at.split('/')), context)) return true;
  }
  return false;
}
