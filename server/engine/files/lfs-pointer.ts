/** Whether a text is a Git LFS pointer, what git leaves in place of a large file that was not downloaded; with any line endings. */
export function isLfsPointer(text: string): boolean {
  return /^version https?:\/\/\S+\/spec\/v1\r?\n/.test(text.slice(0, 256));
}

/** Pointers are shorter than this, by their specification. */
export const MOST_POINTER_BYTES = 1024;

/** The content that a Git LFS pointer stands for. */
export interface LfsObject {
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** What a Git LFS pointer stands for, from its text. Null where the text is no whole pointer, or content was filtered. */
export function lfsObject(text: string): LfsObject | null {
  if (text.length > MOST_POINTER_BYTES || !isLfsPointer(text) || /^ext-/m.test(text)) return null;
  const [, sha256] = /^oid sha256:([0-9a-f]{64})\r?$/m.exec(text) ?? [];
  const [, size] = /^size (\d{1,15})\r?$/m.exec(text) ?? [];
  return sha256 === undefined || size === undefined ? null : { sha256, size: Number(size) };
}
