/** Kinds of files, and what each is called. */

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
  idx: 'a data file in IDX format',
  'graph-model': 'a TF.js graph model',
  'keras-architecture': 'the architecture of a Keras model without its weights (JSON)',
  'weights-manifest': 'a TF.js weights manifest without a model',
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
      : `looks like ${what} by its name`;
}
