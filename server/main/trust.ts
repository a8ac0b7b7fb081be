import { badInput } from '../protocol/errors';
import type { Host } from './host';

/**
 * What an untrusted workspace may do: have its files read and explained (diagnostics, lenses, hovers, completion). Whatever starts an
 * engine process or writes a file (runs, scans, inspections) asks here first.
 * @throws FinePruneError `run.untrusted`
 */
export function requireTrust({ trusted }: Pick<Host, 'trusted'>): void {
  if (trusted) return;
  throw badInput(
    'run.untrusted',
    'This workspace is not trusted, so nothing runs in it: its models and data come from whoever made it.',
    { todo: 'Trust this workspace to run Fine-Prune.' },
  );
}
