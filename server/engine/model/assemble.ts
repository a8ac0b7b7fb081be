import { badInput } from '../../protocol/errors';
import { nodeOf } from './graph';
import { hashesOfSegments, layoutOf } from './identity';
import type { OpenModel } from './model';
import { EagerNetwork } from './network/eager/eager-network';
import { readParameter, type Homes } from './parameters';

/** What a format has read of a model. */
export type ReadParts = Pick<
  OpenModel,
  'format' | 'path' | 'summary' | 'graph' | 'segments' | 'homes' | 'unread' | 'source'
>;

/** The model of files that are read and checked, of any format. Here it is chosen how its network runs. */
export function assembleModel(parts: ReadParts): OpenModel {
  const { graph, segments, homes } = parts;
  const [height, width, channels = 1] = nodeOf(graph, graph.input).shape as [number, number, number?];
  const network = new EagerNetwork(graph, (parameter) => readParameter(segments, parameter, homes.get(parameter.id)!));
  return {
    ...parts,
    hashes: hashesOfSegments(layoutOf(parts), segments),
    network,
    inputShape: [height, width, channels],
    classes: graph.classes,
    dispose: () => network.dispose(),
  };
}

/** @throws FinePruneError `model.notFinite` for the first parameter that holds NaN or an infinity */
export function checkFinite(
  { graph, segments, homes }: Pick<OpenModel, 'graph' | 'segments'> & { homes: Homes },
  file: string,
): void {
  for (const parameter of graph.parameters) {
    const home = homes.get(parameter.id)!;
    const values = readParameter(segments, parameter, home);
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0)
      throw badInput(
        'model.notFinite',
        `Tensor "${home.name}" holds ${values[index]!} at index ${index}; expected finite numbers.`,
        {
          file,
          place: home.place,
          todo: 'The training diverged or the file is damaged: train or export the model again.',
        },
      );
  }
}
