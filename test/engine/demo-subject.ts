import { readConfig } from '../../server/engine/config/read-config';
import { openData } from '../../server/engine/data/open-data';
import { splitRoles } from '../../server/engine/data/roles';
import { openTrigger } from '../../server/engine/triggers/open-trigger';
import { triggeredInputs } from '../../server/engine/triggers/triggered-inputs';
import type { Subject } from '../../server/engine/pass/subject';
import { frozenLayers } from '../../server/engine/model/frozen';
import { openModel } from '../../server/engine/model/formats/registry';
import { findUnitSite } from '../../server/engine/model/units';

/** What a run works on, opened by a config of the demo folder, with the trigger of the demo model. Who asks disposes of the model. */
export async function openSubject(file: string): Promise<Subject> {
  const opened = await readConfig(file);
  const { config } = opened;
  const model = await openModel(opened.modelPath);
  const dataset = await openData(config, opened.resolve);
  const roles = splitRoles(config, dataset);
  const trigger = await openTrigger(
    {
      kind: 'patch',
      target: 0,
      size: [3, 3],
      vertical: { from: 'bottom', distance: 1 },
      horizontal: { from: 'right', distance: 1 },
      value: [1],
      image: null,
    },
    dataset.shape,
    model.classes,
    opened.resolve,
    config.data,
  );
  return {
    config,
    model,
    site: findUnitSite(model.graph),
    roles,
    triggered: triggeredInputs(trigger, roles.test),
    normalisation: config.data,
    frozen: frozenLayers(model.graph),
  };
}
