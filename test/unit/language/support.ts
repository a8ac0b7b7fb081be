import { getLanguageService, type LanguageService } from 'vscode-json-languageservice';
import { MarkupKind, type Diagnostic, type Range } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { configProblems } from '../../../server/engine/config/read-config';
import { configDiagnostics } from '../../../server/language/config/diagnostics';
import { formatNamed } from '../../../server/engine/model/formats/registry';
import type { ModelText } from '../../../server/language/model/text';
import { EDITOR_SCHEMA } from '../../../server/language/config/schema';
import { parseConfig, type ConfigText } from '../../../server/language/text/config-text';
import { NO_FACTS, type ConfigFacts } from '../../../server/language/text/facts';
import type { ModelSummary } from '../../../server/protocol/model';

/** The JSON service as the server sets it up: one schema for everything, and no requests. */
export function jsonService(): LanguageService {
  const clientCapabilities = {
    textDocument: {
      completion: { completionItem: { documentationFormat: [MarkupKind.Markdown, MarkupKind.PlainText] } },
    },
  };
  const json = getLanguageService({
    schemaRequestService: () => Promise.resolve(JSON.stringify(EDITOR_SCHEMA)),
    clientCapabilities,
  });
  json.configure({
    validate: true,
    allowComments: true,
    schemas: [{ uri: 'fineprune://schema', fileMatch: ['*'], schema: EDITOR_SCHEMA }],
  });
  return json;
}

/** A model.json as the server gives it to what is said about it. */
export const asModel = (document: TextDocument): ModelText => ({
  document,
  layerSpan: formatNamed('tfjs-layers').layerSpan,
});

export const URI = 'file:///w/demo.fineprune.json';

export function configOf(text: string): ConfigText {
  return parseConfig(TextDocument.create(URI, 'fineprune', 1, text));
}

/** A text in which `«` and `»` mark the expected range. */
export function marked(text: string): { text: string; range: Range } {
  const start = text.indexOf('«');
  const end = text.indexOf('»') - 1;
  const plain = text.replace('«', '').replace('»', '');
  const document = TextDocument.create(URI, 'fineprune', 1, plain);
  return { text: plain, range: { start: document.positionAt(start), end: document.positionAt(end) } };
}

export function diagnose(text: string, facts: ConfigFacts = NO_FACTS): Diagnostic[] {
  return configDiagnostics(configOf(text), configProblems(text), facts);
}

/** The reference network, as the server summarises it. */
export const SIMPLE_CNN: ModelSummary = {
  format: 'tfjs-layers',
  layers: [
    { name: 'conv2d', className: 'Conv2D', units: 32, parameters: 320, prunable: true },
    { name: 'pool', className: 'MaxPooling2D', units: null, parameters: 0, prunable: false },
    { name: 'conv2d_1', className: 'Conv2D', units: 64, parameters: 18496, prunable: true },
    { name: 'flatten', className: 'Flatten', units: null, parameters: 0, prunable: false },
    { name: 'dense', className: 'Dense', units: 128, parameters: 204928, prunable: true },
    { name: 'dense_1', className: 'Dense', units: 10, parameters: 1290, prunable: false },
  ],
  inputShape: [28, 28, 1],
  classes: 10,
  parameters: 225034,
  classifier: 'dense_1',
  penultimate: 'dense',
  unread: { count: 0, bytes: 0, names: [] },
};

/** Facts of a workspace in which everything is there and fits. */
export function goodFacts(): ConfigFacts {
  return {
    model: { state: 'ok', summary: SIMPLE_CNN },
    files: new Map([
      ['data.train.images', { state: 'ok', header: { images: { count: 60000, shape: [28, 28, 1] } } }],
      ['data.train.labels', { state: 'ok', header: { labels: { count: 60000, largest: 9 } } }],
      ['data.test.images', { state: 'ok', header: { images: { count: 10000, shape: [28, 28, 1] } } }],
      ['data.test.labels', { state: 'ok', header: { labels: { count: 10000, largest: 9 } } }],
    ]),
    nearby: {
      models: ['model.json', 'other/model.json'],
      data: ['t10k-images', 't10k-labels', 'train-images', 'train-labels'],
      images: ['trigger.png'],
    },
  };
}

/** A config whose faults are only those of `more`, which stands last. */
export function configWith(more = ''): string {
  return `{
  "model": "model.json",
  "data": {
    "train": { "images": "train-images", "labels": "train-labels" },
    "test": { "images": "t10k-images", "labels": "t10k-labels" }
  }${more && `,\n  ${more}`}
}
`;
}
