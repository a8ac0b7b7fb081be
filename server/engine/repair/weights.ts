import type { OpenModel } from '../model/model';

/** A model's weights at one moment, moving statistics included. */
export class Weights {
  private readonly values: ReadonlyMap<string, Float32Array>;

  constructor(private readonly model: Pick<OpenModel, 'graph' | 'network'>) {
    this.values = new Map(model.graph.parameters.map(({ id }) => [id, model.network.read(id)]));
  }

  /** Brings the model's network back to them. */
  restore(): void {
    for (const [id, values] of this.values) this.model.network.write(id, values);
  }
}
