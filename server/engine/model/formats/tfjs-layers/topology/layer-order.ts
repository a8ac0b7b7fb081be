import type { FinePruneError } from '../../../../../protocol/errors';
import type { JsonNode } from '../json';

interface Reader {
  readonly name: string;
  /** Names of the layers that it reads. */
  readonly inputs: readonly string[];
}

/**
 * The layers that the output depends on, each after those it reads; else in the file's order.
 * @param config of the model, for messages
 * @throws FinePruneError `model.badTopology` when one reads a layer that is not there, or layers read each other in a circle
 */
export function topologicalOrder<Entry extends Reader>(
  entries: readonly Entry[],
  output: string,
  config: JsonNode,
): Entry[] {
  const byName = new Map(entries.map((e) => [e.name, e]));
  const needed = new Set<string>();
  const find = (name: string, reader: string): Entry => {
    const entry = byName.get(name);
    if (!entry) throw broken(config, `${reader} reads layer "${name}", which the file does not have`);
    return entry;
  };
  const open = [find(output, 'The output')];
  while (open.length > 0) {
    const entry = open.pop()!;
    if (needed.has(entry.name)) continue;
    needed.add(entry.name);
    for (const name of entry.inputs) open.push(find(name, `Layer "${entry.name}"`));
  }
  const order: Entry[] = [];
  const done = new Set<string>();
  let waiting = entries.filter((e) => needed.has(e.name));
  while (waiting.length > 0) {
    const later: Entry[] = [];
    for (const entry of waiting) {
      if (entry.inputs.every((name) => done.has(name))) {
        order.push(entry);
        done.add(entry.name);
      } else later.push(entry);
    }
    if (later.length === waiting.length)
      throw broken(
        config,
        `layers "${later
          .map((e) => e.name)
          .slice(0, 5)
          .join('", "')}" read each other in a cycle`,
      );
    waiting = later;
  }
  return order;
}

function broken(config: JsonNode, why: string): FinePruneError {
  return config.refuse('model.badTopology', `The model's topology is damaged: ${why}.`, 'Export the model again.');
}
