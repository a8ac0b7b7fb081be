import { badInput, type FinePruneError } from '../../../../protocol/errors';
import type { OpenSplit } from '../format';
import { readIdxFile, readIdxHeader, type IdxFile } from './idx-file';
import type { IdxHeader } from './idx-header';

const UBYTE = 0x08;
const FLOAT = 0x0d;
const MAX_SIDE = 8192;
const MAX_CHANNELS = 1024;
/** Labels above this are taken for a mistake, not for classes. */
const MAX_LABEL = 65535;
/** Of one pixel each, two gigabytes would hold so many images that their labels took four times as much. */
const MAX_IMAGES = 2 ** 22;

/**
 * Opens images of N×height×width or N×height×width×channels (bytes, or floats) with their N labels (integers), plain or gzip.
 * Bytes stay bytes in memory.
 *
 * @param scale takes a stored value to [0, 1]
 * @param name the split's name, for messages, such as `training`
 * @throws FinePruneError `data.…`: see `readIdxFile`; and `data.dimensions`, `data.elementType`, `data.noImages`,
 *   `data.countMismatch`, `data.labelRange`, `data.pixelRange`
 */
export async function openIdx(
  imagesPath: string,
  labelsPath: string,
  scale: number,
  name = 'data set',
): Promise<OpenSplit> {
  const ofImages = (header: IdxHeader) => imageShape(header, imagesPath, `${name} images`);
  const declared = await readIdxHeader(imagesPath, `${name} images`);
  const shape = ofImages(declared);
  const count = declared.dims[0]!;
  // Both headers go before both bodies: files that do not belong together are not unpacked.
  const ofLabels = (header: IdxHeader): void => {
    checkLabels(header, labelsPath, `${name} labels`);
    const [labelled] = header.dims;
    if (count !== labelled)
      throw badInput('data.countMismatch', `The ${name} set has ${count} images but ${labelled} labels.`, {
        file: labelsPath,
        place: 'byte 4',
        todo: 'Name the two files that belong together.',
      });
  };
  ofLabels(await readIdxHeader(labelsPath, `${name} labels`));
  const classes = labelValues(await readIdxFile(labelsPath, `${name} labels`, ofLabels), labelsPath, `${name} labels`);
  const images = await readIdxFile(imagesPath, `${name} images`, (header) => {
    if (String(header.dims) !== String(declared.dims) || header.type !== declared.type)
      throw badInput('data.changed', `The file of the ${name} images changed while it was read.`, {
        file: imagesPath,
        todo: 'Try again when nothing is writing to it.',
      });
  });
  const stored = storedPixels(images);
  checkRange(stored, scale, imagesPath, `${name} images`);
  const size = shape[0] * shape[1] * shape[2];
  return {
    count,
    shape,
    labels: classes.labels,
    hashes: [images.sha256, classes.sha256],
    pixels(indices) {
      const out = new Float32Array(indices.length * size);
      for (let i = 0; i < indices.length; i++) {
        const from = imageOffset(indices[i]!, count, size);
        const to = i * size;
        for (let k = 0; k < size; k++) out[to + k] = stored[from + k]! * scale;
      }
      return out;
    },
  };
}

function imageOffset(index: number, count: number, size: number): number {
  // A typed array would answer with NaN pixels.
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError(`there is no image ${index} among ${count}`);
  return index * size;
}

function imageShape({ dims, type }: IdxHeader, file: string, what: string): [number, number, number] {
  if (type !== UBYTE && type !== FLOAT) throw elementType(file, what, type, 'bytes (08) or floats (0d)');
  if (dims.length < 3) {
    const hint = dims.length === 1 ? ' This is a file of labels: were the two swapped?' : '';
    throw dimensions(
      file,
      what,
      `${dims.join('×')} elements are not images: N×height×width or N×height×width×channels was expected.${hint}`,
    );
  }
  const [count, height, width, channels = 1] = dims as [number, number, number, number?];
  if (count === 0)
    throw badInput('data.noImages', `The file of the ${what} contains no images.`, {
      file,
      place: 'byte 4',
      todo: 'Name a file with images.',
    });
  if (count > MAX_IMAGES)
    throw badInput(
      'data.tooLarge',
      `The file of the ${what} declares ${count} images; at most ${MAX_IMAGES} are read.`,
      {
        file,
        place: 'byte 4',
        todo: 'Use a smaller data set.',
      },
    );
  if (height < 1 || width < 1 || channels < 1 || height > MAX_SIDE || width > MAX_SIDE || channels > MAX_CHANNELS) {
    throw dimensions(
      file,
      what,
      `images of ${height}×${width}×${channels} were declared; a side is 1 to ${MAX_SIDE} pixels, with 1 to ${MAX_CHANNELS} channels.`,
    );
  }
  return [height, width, channels];
}

function checkLabels({ dims, type }: IdxHeader, file: string, what: string): void {
  if (dims.length !== 1) {
    const hint = dims.length > 2 ? ' These are images: were the two swapped?' : '';
    throw dimensions(file, what, `one class index per image was expected, not ${dims.join('×')} elements.${hint}`);
  }
  if (!LABEL_READERS[type]) throw elementType(file, what, type, 'whole numbers (08, 09, 0b, 0c)');
}

/** How a label of each type is read. */
const LABEL_READERS: Record<number, (view: DataView, i: number) => number> = {
  0x08: (view, i) => view.getUint8(i),
  0x09: (view, i) => view.getInt8(i),
  0x0b: (view, i) => view.getInt16(2 * i),
  0x0c: (view, i) => view.getInt32(4 * i),
};

/** @throws FinePruneError `data.labelRange` */
function labelValues(
  { dims, type, body, sha256 }: IdxFile,
  file: string,
  what: string,
): { labels: Int32Array; sha256: string } {
  const view = new DataView(body.buffer);
  const at = LABEL_READERS[type]!;
  const labels = new Int32Array(dims[0]!);
  for (let i = 0; i < labels.length; i++) {
    const label = at(view, i);
    if (label < 0 || label > MAX_LABEL)
      throw badInput(
        'data.labelRange',
        `Label ${label} of image ${i} in the ${what} is not a class index (0 to ${MAX_LABEL}).`,
        {
          file,
          place: `label ${i}`,
          todo: 'Number the classes from 0.',
        },
      );
    labels[i] = label;
  }
  return { labels, sha256 };
}

/** Bytes as they are; floats turned from big-endian into the machine's order, in place. */
function storedPixels({ type, body }: IdxFile): Uint8Array | Float32Array {
  if (type === UBYTE) return body;
  const view = new DataView(body.buffer);
  const floats = new Float32Array(body.buffer);
  for (let i = 0; i < floats.length; i++) floats[i] = view.getFloat32(4 * i);
  return floats;
}

/** Triggers clip to [0, 1]: pixels outside of it would be destroyed without a word. */
function checkRange(stored: Uint8Array | Float32Array, scale: number, file: string, what: string): void {
  const slack = 1e-6;
  // Bytes that fit at 255 fit always; that spares a pass over most data sets.
  if (stored instanceof Uint8Array && 255 * scale <= 1 + slack) return;
  let low = 0;
  let high = 0;
  for (const value of stored) {
    if (value > high) high = value;
    else if (value < low) low = value;
    else if (value !== value)
      throw badInput('data.pixelRange', `The ${what} contain NaN.`, { file, todo: 'Replace such values in the data.' });
  }
  if (low * scale >= -slack && high * scale <= 1 + slack) return;
  throw badInput(
    'data.pixelRange',
    `The ${what} hold values from ${low} to ${high}; \`scale\` ${scale} does not map them to [0, 1].`,
    {
      file,
      todo: `Set data.scale so that it does (1/255 = 0.00392156862745098 for bytes); use data.mean and data.std for any normalisation that the model needs beyond that.`,
    },
  );
}

function elementType(file: string, what: string, type: number, expected: string): FinePruneError {
  return badInput(
    'data.elementType',
    `The ${what} are stored as type ${type.toString(16).padStart(2, '0')}; ${expected} were expected.`,
    {
      file,
      place: 'byte 2',
      todo: 'Convert the file.',
    },
  );
}

function dimensions(file: string, what: string, reason: string): FinePruneError {
  return badInput('data.dimensions', `The file of the ${what} has the wrong dimensions: ${reason}`, {
    file,
    place: 'byte 3',
    todo: 'Correct the paths in the config.',
  });
}
