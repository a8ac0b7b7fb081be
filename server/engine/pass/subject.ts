import type { ResolvedConfig } from '../../protocol/config/config';
import type { Normalisation, Roles } from '../data/dataset';
import type { OpenModel, UnitSite } from '../model/model';
import type { MeasuredInputs } from '../triggers/triggered-inputs';

/** What a defense works on, opened once. */
export interface Subject {
  config: ResolvedConfig;
  model: OpenModel;
  site: UnitSite;
  roles: Roles;
  triggered: MeasuredInputs | null;
  normalisation: Normalisation;
  /** Layers without a gradient, with the reason. */
  frozen: readonly { layer: string; reason: string }[];
}
