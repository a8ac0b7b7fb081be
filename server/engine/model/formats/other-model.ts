import path from 'node:path';
import { badInput, type FinePruneError } from '../../../protocol/errors';
import { MODEL_LABELS } from '../../../protocol/files';
import { HEAD_BYTES, kindOfBytes } from '../../files/file-kind';
import { kindWords, type FileKind, type Kind } from '../../files/kinds';
import { shellWord } from '../../../protocol/text/shell-word';
import { insideGzip, readHead, sniffFile } from '../../files/sniff';

/**
 * Refuses a model that is a file of another kind, before anything of it is read as JSON.
 * @param file the model as the person named it, for messages
 * @param at where its bytes lie, links followed
 * @throws FinePruneError `model.lfsPointer`, `model.otherFormat`
 */
export async function refuseOtherModel(file: string, at = file): Promise<void> {
  const found = await sniffFile(at);
  if (found) throw otherModel(found, file, found.kind === 'gzip' ? insideGzip(await readHead(at)) : null);
}

/** The same, of bytes that are at hand. */
export function refuseOtherBytes(bytes: Uint8Array, file: string): void {
  const head = bytes.subarray(0, HEAD_BYTES);
  const found = kindOfBytes(head, { name: path.basename(file), size: bytes.length });
  if (found) throw otherModel(found, file, found.kind === 'gzip' ? insideGzip(head) : null);
}

/**
 * What a file is that was named as a model, and what can be done.
 * @param inside what a gzip file holds, where that is known
 */
export function otherModel(found: FileKind, file: string, inside: FileKind | null = null): FinePruneError {
  if (found.kind === 'lfs-pointer') return lfsPointer(file);
  if (found.kind === 'graph-model')
    return badInput('model.graphModel', 'The file is a TF.js graph model, which is a program without layers.', {
      file,
      place: '/format',
      todo: TODO['graph-model']!('model.h5'),
    });
  const holding = inside ? `, which holds ${inside.what}` : '';
  const named =
    found.kind.endsWith('saved-model') && path.basename(file) === 'saved_model.pb' ? path.dirname(file) : file;
  // A command has to work as it stands: from where a person typed a path, that path does.
  const name = path.isAbsolute(named) ? path.basename(named) : named;
  const todo = TODO[found.kind] ?? (() => 'Name the model.json that `model.save()` or `tensorflowjs_converter` wrote.');
  return badInput(
    'model.otherFormat',
    `This ${kindWords(found)}${holding}; this version of Fine-Prune opens ${MODEL_LABELS}.`,
    { file, todo: todo(name) },
  );
}

export function lfsPointer(file: string, place?: string): FinePruneError {
  return badInput('model.lfsPointer', 'The file is a Git LFS pointer, not the file itself.', {
    file,
    ...(place && { place }),
    todo: 'Run `git lfs pull` in the repository, then try again.',
  });
}

const convert = (file: string): string => `\`tensorflowjs_converter --input_format=keras ${shellWord(file)} out/\``;
const fromKeras = `convert the Keras model that it was made from: ${convert('model.h5')}.`;
const rebuilt = (): string =>
  `There is no converter from it to TF.js Layers: build the same network in Keras, copy the weights into it, save it with \`model.save("model.h5")\`, and convert that: ${convert('model.h5')}.`;

/** What to do about each kind, from the file's name. */
const TODO: Partial<Record<Kind, (name: string) => string>> = {
  'keras-h5': (name) => `Convert it, then name the model.json in out/: ${convert(name)}.`,
  // The converter's own way for .keras files mixes up weights (tensorflow/tfjs#8266).
  'keras-zip': (name) =>
    `Save it as HDF5 in Keras, \`keras.models.load_model(${JSON.stringify(name)}).save("model.h5")\`, and convert that: ${convert('model.h5')}.`,
  'keras-weights': (name) =>
    `Load them where the layers are built, \`model.load_weights(${JSON.stringify(name)})\`, save the whole model with \`model.save("model.h5")\`, and convert that: ${convert('model.h5')}.`,
  hdf5: (name) => `If it holds a Keras model, convert it: ${convert(name)}.`,
  'keras-architecture': () =>
    `Save the whole model with \`model.save("model.h5")\`, and convert that: ${convert('model.h5')}.`,
  'keras-saved-model': (name) =>
    `Convert it, then name the model.json in out/: \`tensorflowjs_converter --input_format=keras_saved_model --output_format=tfjs_layers_model ${shellWord(name)} out/\`.`,
  'saved-model': () => `The converter makes only graph models from it, which have no layers: ${fromKeras}`,
  'tf-graph': () => `The converter makes only graph models from it, which have no layers: ${fromKeras}`,
  'tf-checkpoint': () =>
    `Load it where the layers are built, save the whole model with \`model.save("model.h5")\`, and convert that: ${convert('model.h5')}.`,
  tflite: () => `C${fromKeras.slice(1)}`,
  'graph-model': () => `C${fromKeras.slice(1)}`,
  onnx: rebuilt,
  pytorch: rebuilt,
  torchscript: rebuilt,
  safetensors: rebuilt,
  caffe: rebuilt,
  coreml: rebuilt,
  pickle: () =>
    'A pickle is a program written by its author, which Fine-Prune never runs. Save the model with its own framework, and convert that to TF.js Layers.',
  gzip: (name) => `Unpack it first: \`gzip -dc ${shellWord(name)} > unpacked-model.json\`.`,
  zip: () => 'Unpack it, and name the model.json inside.',
  'zipped-model': () => 'Unpack it, and name the model.json inside.',
  tar: () => 'Unpack it, and name the model.json inside.',
  html: () => 'It is most likely the error page of a download: get the file again.',
  xml: () => 'It is most likely the error page of a download: get the file again.',
  'weights-manifest': () => 'It is from TF.js before 1.0: convert the Keras model again with the current converter.',
  'tm-metadata': () => 'Name the model.json beside it.',
  'defense-report': () => 'Name the model it describes, or its config.',
  'scan-result': () => 'Name the model it describes.',
  'defense-config': () => 'Name the model that this config names.',
};
