import { sizeOf, type Parameter } from './graph';

/** Where a parameter's values are in the model's files. */
export interface Home {
  /** Index in `OpenModel.segments`. */
  readonly segment: number;
  /** Bytes from the segment's start, and how many they are. */
  readonly offset: number;
  readonly bytes: number;
  /** Little-endian. */
  readonly dtype: 'float32';
  /**
   * Axes of the graph's layout in the file's order, as of a transposition from graph to file: file axis i is graph axis order[i]. Null
   * where both are the same.
   */
  readonly order: readonly number[] | null;
  /** What the file calls the tensor, and where it says so. */
  readonly name: string;
  readonly place: string;
}

/** Homes by the parameter's id. */
export type Homes = ReadonlyMap<string, Home>;

/** A parameter's values as the file has them, in the graph's layout, row-major. */
export function readParameter(
  segments: readonly Uint8Array[],
  parameter: Pick<Parameter, 'shape'>,
  home: Home,
): Float32Array {
  const { segment, offset, bytes } = home;
  return valuesOf(segments[segment]!.subarray(offset, offset + bytes), parameter, home);
}

/** Whether the file holds a parameter's values as the graph has them: little-endian float32, row-major in its order of axes. */
export function isPlain({ dtype, order }: Pick<Home, 'dtype' | 'order'>): boolean {
  return dtype === 'float32' && order === null;
}

/**
 * A parameter's values as the graph has them, as bytes.
 * @param bytes the whole parameter, as the file has it
 */
export function graphBytes(bytes: Uint8Array, parameter: Pick<Parameter, 'shape'>, home: Home): Uint8Array {
  return isPlain(home) ? bytes : new Uint8Array(valuesOf(bytes, parameter, home).buffer);
}

function valuesOf(bytes: Uint8Array, { shape }: Pick<Parameter, 'shape'>, { order }: Home): Float32Array {
  // A copy: segments need not be aligned, and a backend may keep the array it is given.
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  if (!order) return values;
  const ordered = new Float32Array(values.length);
  forEachPlace(shape, order, (inGraph, inFile) => (ordered[inGraph] = values[inFile]!));
  return ordered;
}

/**
 * Copies of the segments with new values at the parameters' homes; all other bytes are as they were read. One saver for every format.
 * @param valuesOf a parameter's values, in the graph's layout
 */
export function patchSegments(
  segments: readonly Uint8Array[],
  parameters: readonly Parameter[],
  homes: Homes,
  valuesOf: (parameter: string) => Float32Array,
): Uint8Array[] {
  const patched = segments.map((bytes) => bytes.slice());
  for (const { id, shape } of parameters) {
    const { segment, offset, bytes, order } = homes.get(id)!;
    const values = valuesOf(id);
    const view = new DataView(patched[segment]!.buffer, offset, bytes);
    if (order) forEachPlace(shape, order, (inGraph, inFile) => view.setFloat32(4 * inFile, values[inGraph]!, true));
    else values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  }
  return patched;
}

/** Calls `visit` with the index of each value in the graph's layout and in the file's. */
function forEachPlace(
  shape: readonly number[],
  order: readonly number[],
  visit: (inGraph: number, inFile: number) => void,
): void {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const count = sizeOf(shape);
  const at = new Array<number>(order.length).fill(0);
  let inGraph = 0;
  for (let inFile = 0; inFile < count; inFile++) {
    visit(inGraph, inFile);
    for (let axis = order.length - 1; axis >= 0; axis--) {
      inGraph += steps[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      inGraph -= steps[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
}
