import path from 'node:path';
import { badInput, type FinePruneError } from '../../../protocol/errors';
import { ReadFault, withFile } from '../../files/read';
import type { Graph } from '../graph';
import { hashesOf, topologyHash, type ModelLayout, type ReadSegment } from '../identity';
import type { ModelFileHashes } from './format';

/** What a format says of a model's files; its hashes follow from that. */
export interface LayoutReader {
  /**
   * The op graph that a model's file describes, without its weights.
   * @throws FinePruneError `model.…`
   */
  graphOf(content: Uint8Array, name: string): Graph;
  /**
   * Where a model's weights are, with all sizes checked.
   * @param file absolute path
   * @throws FinePruneError `model.…`
   */
  layoutOf(file: string): Promise<FileLayout>;
}

export interface FileLayout extends ModelLayout {
  /** The parts of files that each segment is made of, in order. */
  readonly parts: readonly (readonly FilePart[])[];
}

/** A run of bytes in a file. */
export interface FilePart {
  /** Absolute path, links followed. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The hashes of models of a format, equal to those of the opened model. */
export function fileHashes({ graphOf, layoutOf }: LayoutReader): ModelFileHashes {
  return {
    async ofFiles(file) {
      const layout = await layoutOf(file);
      return await hashesOf(layout, new PartReader(layout.parts).read);
    },
    topologyOf: (content, name) => topologyHash(graphOf(content, name)),
  };
}

/** Bytes that are read at once: at least so many, since small parameters lie side by side, and at most. */
const [LEAST, MOST] = [64 * 1024, 1024 * 1024];

/** Reads segments in pieces, through one buffer. */
class PartReader {
  private readonly buffer = Buffer.allocUnsafe(MOST);
  /** What the buffer holds: bytes of a file, from `start` to `end`. */
  private held = { file: '', start: 0, end: 0 };

  constructor(private readonly parts: FileLayout['parts']) {}

  /** Each piece holds until the next one is asked for. */
  readonly read: ReadSegment = async function* (this: PartReader, segment: number, offset: number, bytes: number) {
    const end = offset + bytes;
    let start = 0;
    for (const part of this.parts[segment]!) {
      const [from, to] = [Math.max(start, offset) - start, Math.min(start + part.bytes, end) - start];
      for (let at = from; at < to;) {
        const piece = await this.piece(part, at, to - at);
        yield piece;
        at += piece.length;
      }
      start += part.bytes;
    }
  }.bind(this);

  /** The first bytes of a part from a place on, at most `most`. */
  private async piece({ file, offset, bytes }: FilePart, from: number, most: number): Promise<Uint8Array> {
    const start = offset + from;
    const { held } = this;
    if (held.file !== file || start < held.start || start >= held.end) {
      const wanted = Math.min(Math.max(LEAST, Math.min(most, MOST)), bytes - from);
      this.held = { file, start, end: start + (await this.fill(file, start, wanted)) };
    }
    const at = start - this.held.start;
    return this.buffer.subarray(at, Math.min(at + most, this.held.end - this.held.start));
  }

  /** @returns how many bytes of a file, from a place on, are in the buffer now: at least one */
  private async fill(file: string, start: number, wanted: number): Promise<number> {
    const read = withFile(file, async ({ handle }) => (await handle.read(this.buffer, 0, wanted, start)).bytesRead, {
      resolved: true,
    });
    const bytes = await read.catch((error: unknown) => {
      throw error instanceof ReadFault ? unreadable(file, error) : error;
    });
    if (bytes === 0) throw changed(file);
    return bytes;
  }
}

function unreadable(file: string, fault: ReadFault): FinePruneError {
  if (fault.reason === 'changed') return changed(file);
  return badInput('model.shardMissing', `The weights file "${path.basename(file)}" can't be read. ${fault.message}`, {
    file,
    todo: fault.todo ?? '',
  });
}

/** Sizes were checked before. */
function changed(file: string): FinePruneError {
  return badInput('model.shardTooShort', `The weights file "${path.basename(file)}" changed while it was read.`, {
    file,
    todo: 'Try again when nothing is writing to it.',
  });
}
