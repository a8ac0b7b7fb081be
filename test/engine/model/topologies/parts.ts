import * as L from '@tensorflow/tfjs-layers';

type Layer = InstanceType<typeof L.layers.Layer>;
export type Sym = L.SymbolicTensor;

/** A network with what is known of it beforehand. */
export interface Case {
  name: string;
  build: () => L.LayersModel;
  /** Layer to name; left out: the penultimate layer. */
  named?: string;
  site: {
    layer: string;
    kind: string;
    units: number;
    activation: string;
    tap: string;
    feedsClassifier: boolean;
    canBeNegative: boolean;
  };
  /** Layers whose weights are held at zero, beside the units' own. */
  outgoing: string[];
}

export const IMAGE = [8, 8, 2];
export const l = L.layers;
export const dense = (name: string, units: number, activation?: string) =>
  l.dense({ name, units, activation: activation as 'relu' });
export const conv = (name: string, filters: number, activation?: string, more = {}) =>
  l.conv2d({ name, filters, kernelSize: 3, activation: activation as 'relu', ...more });
export const head = () => dense('classes', 4, 'softmax');

/** A functional model of layers in a row. */
export function row(...layers: Layer[]): L.LayersModel {
  const x = L.input({ shape: IMAGE, name: 'image' });
  return L.model({ inputs: x, outputs: layers.reduce((at, layer) => layer.apply(at) as Sym, x) });
}

export function graph(build: (x: Sym) => Sym): L.LayersModel {
  const x = L.input({ shape: IMAGE, name: 'image' });
  return L.model({ inputs: x, outputs: build(x) });
}
