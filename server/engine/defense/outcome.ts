import type { DefenseReport } from '../../protocol/report/report';
import type { Subject } from '../pass/subject';
import type { StageOutcome } from './stages';

/** What a defense found and did: the part of a report that is measured. */
export type Outcome = StageOutcome &
  Pick<DefenseReport, 'layer' | 'pruning' | 'curve' | 'fineTuning' | 'repaired' | 'scan' | 'attempts' | 'proof'>;

/** Fine-tuning as a report has it. @param trained left out where nothing was trained */
export function fineTuningOf(
  { config, roles, frozen }: Pick<Subject, 'config' | 'roles' | 'frozen'>,
  trained?: Partial<DefenseReport['fineTuning']>,
): DefenseReport['fineTuning'] {
  return {
    ...config.fineTune,
    ...(trained ?? { epochs: 0 }),
    steps: trained?.steps ?? 0,
    images: roles.fineTune.indices.length,
    optimizer: 'adam',
    history: trained?.history ?? [],
    frozen: frozen.map(({ layer, reason }) => `${layer} (${reason})`),
  };
}
