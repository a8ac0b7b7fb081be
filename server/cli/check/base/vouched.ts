import path from 'node:path';
import { MOST_MODEL_BYTES } from '../../../protocol/files';
import type { CheckContext } from '../context';
import { readAtBase, type AtBase } from './base';
import { topologyOf } from './topology';

/** A model that a report of the base is about. */
export interface Vouched {
  readonly role: 'input' | 'defended';
  /** Path from the repository's root. */
  readonly path: string;
  /** Whether it is what a run began with and has repaired: a defended model takes its place. */
  readonly repaired: boolean;
  /** The hash of its layers that the base's report has. */
  readonly recorded: string;
}

/** The models that a report of the base is about, as far as they lie in the repository. */
export function vouchedModels({ stem, configFile, report }: AtBase): Vouched[] {
  if (!report || stem === null) return [];
  const { model } = report;
  const input = inRepository(path.posix.dirname(configFile ?? stem), model.path);
  const defended = model.after && inRepository(path.posix.dirname(stem), model.after.path);
  return [
    ...(input !== null
      ? [{ role: 'input' as const, path: input, repaired: model.after !== null, recorded: model.before.topology }]
      : []),
    ...(defended !== null && model.after
      ? [{ role: 'defended' as const, path: defended, repaired: false, recorded: model.after.topology }]
      : []),
  ];
}

/** The hash of a model's layers at the base, as this version makes it: that of the file where the base has it. */
export async function topologyAtBase(
  vouched: Pick<Vouched, 'path' | 'recorded'>,
  { base, repository }: Pick<CheckContext, 'base' | 'repository'>,
): Promise<string> {
  const id = base?.files.get(vouched.path);
  const bytes =
    id && base && repository && (await readAtBase(id, base, repository, MOST_MODEL_BYTES).catch(() => null));
  return (bytes && topologyOf(bytes, path.posix.basename(vouched.path))) || vouched.recorded;
}

/** @returns null for a path that leads out */
function inRepository(folder: string, written: string): string | null {
  const found = path.posix.join(folder, written.replaceAll('\\', '/'));
  return path.posix.isAbsolute(written) || found === '..' || found.startsWith('../') ? null : found;
}
