import type { ModelFormatId } from '../../../protocol/files';
import type { ModelHashes, ModelSummary } from '../../../protocol/model';
import type { OpenModel } from '../model';

/**
 * A model format. What is here works without TensorFlow, for the editor and the command line; what needs it, opening and saving, is
 * loaded by `storage` and only in the engine process.
 *
 * `file` is the absolute path of the file that a person chooses as the model; weights may lie in other files beside it. `content` is
 * that file as a whole: its bytes, or the text of an open document; callers read at most `MODEL_FILES[id].mostBytes` of it.
 */
export interface ModelFormat {
  readonly id: ModelFormatId;
  /** What people call a model of this format: `TF.js Layers model`. */
  readonly label: string;
  /**
   * Whether a file is a model of this format.
   * @param name file name, without folders
   * @param beginning the file's first `HEAD_BYTES` bytes, or the whole text of a document
   */
  match(name: string, beginning: Uint8Array | string): Match;
  /** What a model says of itself without its weights. Never throws for a fault of the model: that is `problem`. */
  summary(content: string, file: string): ModelSummary;
  /**
   * Whether a file is a model that can be defended, as far as it can be said without its weights.
   * @param opts.strict whether a file of which nothing is known is refused, too
   * @throws FinePruneError `model.…`
   */
  check(file: string, opts: { strict: boolean }): Promise<void>;
  /**
   * The files beside a model that its weights lie in, as relative paths with forward slashes; empty where it holds them itself.
   * @throws FinePruneError `model.…` when the content is no model of this format
   */
  weightFiles(content: Uint8Array, name: string): string[];
  /** By `fileHashes` (`file-hashes.ts`): a format says only what the graph is and where the bytes are. */
  readonly hashes: ModelFileHashes;
  readonly text: ModelTexts;
  /**
   * Where a layer is named in the text of a document, for lenses, hovers and diagnostics. Quick enough for each key press.
   * @returns undefined where the text does not name it
   */
  layerSpan(text: string, layer: string): Span | undefined;
  /** Opens and saves. Only the engine process has it: in other bundles it is left out (`esbuild.mjs`). */
  storage(): Promise<ModelStorage>;
}

/** How a format knows a file: by its content, by the name alone, or not at all. */
export type Match = 'content' | 'name' | null;

/** A part of a text, in UTF-16 units. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Hashes of a model from its files, equal to those of the opened model (`OpenModel.hashes`). Weights are read in pieces. */
export interface ModelFileHashes {
  /**
   * @throws FinePruneError `model.…` when it is no model that can be defended, or when a file can't be read, lies outside the model's
   *   folder, or has another size; `model.lfsPointer` for weights that are not fetched: a pointer has the hash of a file, not of its values
   */
  ofFiles(file: string): Promise<ModelHashes>;
  /**
   * The hash of the layers alone, from the model's file without its weights: models that differ only in what they learned have the same.
   * @param content of the model's file, as a whole
   * @param name what people call it, for messages
   * @throws FinePruneError `model.…` when it is no model that can be defended
   */
  topologyOf(content: Uint8Array, name: string): string;
}

/** A model as text for diffs: the same bytes give the same text, and each line stands for itself. No paths, no times. */
export interface ModelTexts {
  /**
   * Layers, pruned units and tensors of a model.
   * @param weights bytes of a weight file by its path in `weightFiles`, null where it is missing; null for what the model's file says
   *   by itself
   * @throws FinePruneError `model.…` when the content is no model of this format; weights that don't fit are a line of the text
   */
  ofModel(content: Uint8Array, weights: ((path: string) => Uint8Array | null) | null, name: string): string;
  /** A weight file alone. Undefined for formats whose models hold their weights themselves. */
  readonly ofWeightFile?: WeightFileTexts;
}

/** Texts of single weight files, as git passes them to a diff driver. `content` and `name` are those of the model. */
export interface WeightFileTexts {
  /**
   * Where a weight file of that size belongs in a model.
   * @param base its name without folders
   * @param sizeOf size in bytes of a weight file by its path in `weightFiles`; null when it is not there
   * @returns null when the model names no such file, or the sizes don't add up; equal texts for places that read bytes alike
   */
  placeOf(
    content: Uint8Array,
    name: string,
    base: string,
    size: number,
    sizeOf: (path: string) => number | null,
  ): WeightPlace | null;
  /** Pruned units and tensors that lie in the file. */
  text(content: Uint8Array, place: WeightPlace, bytes: Uint8Array, name: string): string;
}

/** Where a weight file lies in a model. */
export interface WeightPlace {
  /** Index among the parts of the model's weights that are files of their own. */
  readonly group: number;
  /** Bytes of the part that lie in files before. */
  readonly offset: number;
  /** Equal for places of two models that read a weight file alike. */
  readonly key: string;
}

/** Opens and saves models of a format, in the engine process. A backend must be chosen before. */
export interface ModelStorage {
  /**
   * @param file absolute path, already confined
   * @throws FinePruneError of kind `input`, code `model.…`, for everything that is wrong with the files, before anything large is
   *   allocated
   */
  open(file: string): Promise<OpenModel>;
  /** Absolute paths of the files that an opened model was read from. */
  files(model: OpenModel): string[];
  /** Name of the file, in the folder of a saved model, by which that is opened. */
  fileName(model: OpenModel): string;
  /**
   * Writes the model as it is now: the files that it was read from, with other weight bytes. The folder appears whole or not at all; an
   * older saved model in its place is replaced, anything else there is never touched.
   * @throws FinePruneError of kind `input`, code `output.…`
   */
  save(model: OpenModel, folder: string): Promise<SavedModel>;
  /**
   * Whether `save` would take this folder, asked before the long work that is to be saved there.
   * @returns the files that may lie in the folder that is replaced: paths in it, with forward slashes
   * @throws FinePruneError of kind `input`, code `output.…`
   */
  checkSaveFolder(model: OpenModel, folder: string): Promise<readonly string[]>;
  /** The files that `save` would write, by path in the folder with forward slashes; the one by which the model is opened is the last. */
  savedFiles(model: OpenModel): ReadonlyMap<string, Uint8Array>;
  /**
   * Writes the model as it is now into a folder that may hold other things: each file is replaced as a whole, the one by which the
   * model is opened last.
   * @throws FinePruneError of kind `input`, code `output.…`
   */
  saveBeside(model: OpenModel, folder: string): Promise<SavedModel>;
  /**
   * Gives an opened model fresh weights from the initialisers that its file names.
   * @param seed seeds every initialiser, each with a number of its own
   * @throws FinePruneError `model.unsupportedInitialiser`
   */
  reinitialise(model: OpenModel, seed: number): void;
  /** The reference network SimpleCNN with fresh weights; null for formats in which demo models are not made. */
  readonly simpleCnn: ((opts: SimpleCnnOptions) => OpenModel) | null;
}

export interface SimpleCnnOptions {
  /** Seeds every initialiser, each with a number of its own. */
  readonly seed: number;
  /** Height, width and channels; default: 28, 28, 1. */
  readonly inputShape?: readonly [number, number, number];
  /** Default: 10. */
  readonly classes?: number;
}

/** A saved model: the absolute path of the file by which it is opened, and its hashes. */
export interface SavedModel extends ModelHashes {
  readonly path: string;
}
