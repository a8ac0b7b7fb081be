import { PNG } from 'pngjs';
import { badInput, type FinePruneError } from '../../protocol/errors';
import { sha256 } from '../files/hash';
import { readBytes, ReadFault } from '../files/read';
import { sniffFile } from '../files/sniff';
import { refuseOtherImage } from './other-image';

/** A decoded pattern, ready to be stamped. */
export interface Pattern {
  readonly height: number;
  readonly width: number;
  /** Values in [0, 1], height·width·channels, row by row. */
  readonly pixels: Float32Array;
  /** Opacity of each pixel in [0, 1], height·width. */
  readonly opacity: Float32Array;
  /** SHA-256 of the file's bytes. */
  readonly sha256: string;
}

const MAX_FILE_BYTES = 16 << 20;
const SIGNATURE = '89504e470d0a1a0a';

/**
 * Reads a PNG as a pattern for images of `channels` channels: 1 needs a grayscale picture, 3 takes grayscale or RGB.
 *
 * @param fits says, from the declared height and width alone, why such a size can't be used; null when it can
 * @throws FinePruneError `trigger.image…`; the size is checked before anything is decoded
 */
export async function readPattern(
  file: string,
  channels: number,
  fits: (height: number, width: number) => string | null,
): Promise<Pattern> {
  refuseOtherImage(await sniffFile(file), file);
  const bytes = await readSmallFile(file);
  const { height, width } = checkedHeader(bytes, file);
  const reason = fits(height, width);
  if (reason !== null)
    throw badInput('trigger.imageSize', `The trigger's image does not fit: ${reason}.`, {
      file,
      todo: 'Scale or crop the image.',
    });
  if (channels !== 1 && channels !== 3) {
    throw imageProblem(
      'trigger.imageChannels',
      `A PNG can't be stamped on images of ${channels} channels`,
      file,
      'Give the trigger as values instead.',
    );
  }
  let rgba: Buffer;
  try {
    rgba = PNG.sync.read(bytes).data;
  } catch (error) {
    throw imageProblem(
      'trigger.imageDamaged',
      `The trigger's image can't be decoded (${error instanceof Error ? error.message : String(error)})`,
      file,
      'Save it again as a PNG.',
    );
  }
  const pixels = new Float32Array(height * width * channels);
  const opacity = new Float32Array(height * width);
  for (let i = 0; i < height * width; i++) {
    const [r, g, b, a] = [rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!, rgba[4 * i + 3]!];
    opacity[i] = a / 255;
    if (channels === 3) pixels.set([r / 255, g / 255, b / 255], 3 * i);
    // The colour below a fully transparent pixel is never seen.
    else if ((r === g && g === b) || a === 0) pixels[i] = r / 255;
    else
      throw imageProblem(
        'trigger.imageChannels',
        "The trigger's image is in colour, but the model takes grayscale",
        file,
        'Save it as a grayscale PNG.',
      );
  }
  return { height, width, pixels, opacity, sha256: sha256(bytes) };
}

async function readSmallFile(file: string): Promise<Buffer> {
  try {
    return await readBytes(file, MAX_FILE_BYTES);
  } catch (error) {
    if (!(error instanceof ReadFault) || error.reason === 'changed') throw error;
    const { reason, system } = error;
    if (reason === 'tooLarge' || reason === 'folder' || reason === 'special') {
      const isLarge = reason === 'tooLarge';
      throw imageProblem(
        'trigger.imageTooLarge',
        `The trigger's image is ${isLarge ? `larger than ${MAX_FILE_BYTES >> 20} MB` : 'not a file'}`,
        file,
        isLarge ? 'Use a small PNG file.' : `${error.message} Use a small PNG file.`,
      );
    }
    throw imageProblem(
      'trigger.imageMissing',
      `The trigger's image can't be read (${system})`,
      file,
      'Correct the path in the config.',
    );
  }
}

/** Walks the chunks: exactly one IHDR, not interlaced (the decoder would inflate such a picture without a limit). */
function checkedHeader(bytes: Buffer, file: string): { height: number; width: number } {
  if (bytes.length < 33 || bytes.toString('hex', 0, 8) !== SIGNATURE || bytes.toString('latin1', 12, 16) !== 'IHDR') {
    throw imageProblem('trigger.imageFormat', "The trigger's image is not a PNG", file, 'Save it as a PNG.');
  }
  let headers = 0;
  for (let offset = 8; offset + 8 <= bytes.length; offset += 12 + bytes.readUInt32BE(offset)) {
    if (bytes.toString('latin1', offset + 4, offset + 8) === 'IHDR') headers++;
  }
  if (headers !== 1)
    throw imageProblem(
      'trigger.imageDamaged',
      `The trigger's image has ${headers} headers`,
      file,
      'Save it again as a PNG.',
    );
  if (bytes[28] !== 0)
    throw imageProblem(
      'trigger.imageInterlaced',
      "The trigger's image is interlaced",
      file,
      'Save it without interlacing.',
    );
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

function imageProblem(code: string, message: string, file: string, todo: string): FinePruneError {
  return badInput(code, `${message}.`, { file, todo });
}
