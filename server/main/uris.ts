import path from 'node:path';
import { URI } from 'vscode-uri';

/** Absolute path of a `file:` URI, spaces and encoded characters decoded; undefined for other schemes. */
export function pathOf(uri: string): string | undefined {
  const parsed = URI.parse(uri);
  return parsed.scheme === 'file' ? path.normalize(parsed.fsPath) : undefined;
}

/** URI of a path, spelt as VS Code spells it: diagnostics find their file by this text. */
export function uriOf(file: string): string {
  return URI.file(file).toString();
}

/** Path of `file` relative to `folder`, with forward slashes, as a config has it. */
export function relativePath(folder: string, file: string): string {
  return path.relative(folder, file).split(path.sep).join('/');
}
