import { TextDocument } from 'vscode-languageserver-textdocument';
import { SIMPLE_CNN } from './support';
import { sampleReport } from './report-support';

export const URI = 'file:///w/model.json';

/** A model.json in one line, with `bytes` of initialiser noise in it. */
export function oneLine(bytes = 0): string {
  const layers = SIMPLE_CNN.layers.map(({ name, className }) => ({
    class_name: className,
    config: {
      name,
      kernel_initializer: { config: { noise: '0123456789'.repeat(Math.ceil(bytes / 10 / SIMPLE_CNN.layers.length)) } },
    },
    inbound_nodes: [[[name, 0, 0, {}]]],
  }));
  return JSON.stringify({
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { name: 'sequential', layers } },
    weightsManifest: [{ weights: [{ name: 'dense/kernel' }], paths: ['dense'] }],
  });
}

/** The reference network's model.json. */
export const document = TextDocument.create(URI, 'json', 1, oneLine());

/** The last run, and what has changed since. */
export const last = (changed: string[] = []) => ({
  report: sampleReport(),
  reportUri: 'file:///w/demo.defense.json',
  changed,
});
