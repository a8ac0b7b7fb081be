/**
 * Bytes of a file in IDX format.
 * @param dims the number of images or labels first
 * @param bytes the elements, one byte each
 */
export function encodeIdx(dims: readonly number[], bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.writeUInt16BE(0x0800 + dims.length, 2);
  dims.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([header, bytes]);
}
