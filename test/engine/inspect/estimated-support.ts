import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { findNativeEngine } from '../../../server/engine/backend/native-sources';
import { runDefense } from '../../../server/engine/tasks/run';
import { FinePruneError } from '../../../server/protocol/errors';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { makeTempDir } from '../../harness/processes';
import { makeAttacked } from '../attacked-model';
import { BACKENDS, type Asker, type Backend } from './support';

/** For what holds whatever computes. */
export const FASTEST = BACKENDS[0];
export const layer = { kind: 'layer', layer: 'neurons', state: 'before' } as const;
export const limit = { kind: 'limit', layer: 'neurons', state: 'before' } as const;
/** A few units alone: the backdoor stays in, and a run has nothing to prove. */
export const FEW = {
  prune: { rule: 'triggered-difference', ratio: 0.1 },
  fineTune: { epochs: 0 },
  gates: { maxAttackSuccessRate: 0.3, maxAccuracyDrop: 0.3 },
};

export const run = async (config: string, backend: Backend): Promise<DefenseReport> =>
  (
    await runDefense(
      { config, allowedFolders: [], overrides: { backend } },
      () => undefined,
      new AbortController().signal,
    )
  ).report;
export const titles = ({ told }: Asker): string[] => [...new Set(told.map(({ title }) => title))];
export const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof FinePruneError && error.code === code;

/** Attacked networks for the tests of a suite, in a cache of scans of its own; the native engine comes from where it is. */
export class AttackedFolders {
  readonly attacked: string;
  readonly harmless: string;
  private readonly cache: string;
  private readonly temp = makeTempDir('fp-estimated-');

  /** @param harmless whether one without a backdoor is wanted too */
  constructor(harmless: boolean) {
    [this.attacked, this.harmless, this.cache] = ['attacked', 'harmless', 'cache'].map((name) =>
      path.join(this.temp.dir, name),
    ) as [string, string, string];
    const kept = { cache: process.env.FINE_PRUNE_CACHE, binding: process.env.FINE_PRUNE_NATIVE_BINDING };
    before(async () => {
      const { path: binding } = await findNativeEngine();
      if (binding !== undefined) process.env.FINE_PRUNE_NATIVE_BINDING = binding;
      mkdirSync(this.cache);
      process.env.FINE_PRUNE_CACHE = this.cache;
      mkdirSync(this.attacked);
      await makeAttacked(this.attacked);
      if (!harmless) return;
      mkdirSync(this.harmless);
      await makeAttacked(this.harmless, { poisonRate: 0 });
    });
    after(async () => {
      for (const [name, value] of [
        ['FINE_PRUNE_CACHE', kept.cache],
        ['FINE_PRUNE_NATIVE_BINDING', kept.binding],
      ] as const) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await this.temp.remove();
    });
  }

  scansKept(): number {
    return readdirSync(path.join(this.cache, 'scans')).length;
  }

  forgetScans(): void {
    rmSync(path.join(this.cache, 'scans'), { recursive: true });
  }
}
