import { readFile } from 'node:fs/promises';
import os from 'node:os';

/** The processor as far as native kernels choose their code by it. */
export interface Cpu {
  /** Such as `AMD EPYC, family 26, model 2, stepping 1`; what the system calls it, off Linux. */
  model: string;
  /** Sorted names of its instruction sets that native kernels choose by. Empty off Linux. */
  features: string[];
}

/** Looks at this machine's (first) processor. */
export async function thisCpu(): Promise<Cpu> {
  const name = os.cpus()[0]?.model.trim() ?? 'unknown';
  const text = process.platform === 'linux' ? await readFile('/proc/cpuinfo', 'utf8').catch(() => '') : '';
  const field = (wanted: string): string | undefined => new RegExp(`^${wanted}\\s*:\\s*(.*)$`, 'm').exec(text)?.[1];
  const numbers = [
    ['family', field('cpu family')],
    ['model', field('model')],
    ['stepping', field('stepping')],
  ].filter(([, value]) => value !== undefined);
  const flags = field('flags')?.split(' ') ?? [];
  return {
    model: [name, ...numbers.map((pair) => pair.join(' '))].join(', '),
    features: flags.filter((flag) => /^(avx|avx2|avx512f|avx512_vnni|avx512_bf16|fma|amx_\w+)$/.test(flag)).sort(),
  };
}
