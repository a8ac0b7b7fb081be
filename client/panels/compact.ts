/**
 * A plain value whose typed arrays each have a buffer of their own. Arrays that came over a channel are views into one message, and the
 * webview's channel sends the whole buffer of each view.
 */
export function compact<T>(value: T): T {
  if (ArrayBuffer.isView(value))
    return (value.byteLength === value.buffer.byteLength ? value : (value as unknown as Uint8Array).slice()) as T;
  if (Array.isArray(value)) return value.map((part: unknown) => compact(part)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, compact(part as unknown)])) as T;
}
