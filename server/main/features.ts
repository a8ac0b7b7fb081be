import { getLanguageService, type LanguageService } from 'vscode-json-languageservice';
import {
  MarkupKind,
  type CodeAction,
  type CodeLens,
  type Diagnostic,
  type InlayHint,
} from 'vscode-languageserver/node';
import { configActions } from '../language/config/actions';
import { configCompletion } from '../language/config/completion';
import { configHints } from '../language/config/hints';
import { configHover } from '../language/config/hover';
import { configLenses } from '../language/config/lenses';
import { EDITOR_SCHEMA } from '../language/config/schema';
import { parseConfig, type ConfigText } from '../language/text/config-text';
import { NO_FACTS, type ConfigFacts } from '../language/text/facts';
import { modelActions } from '../language/model/actions';
import { modelHover } from '../language/model/hover';
import { modelLenses } from '../language/model/lenses';
import { scanActions } from '../language/scan/actions';
import type { ModelSummary } from '../protocol/model';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Board } from './board';
import type { Host } from './host';
import type { ReportDocuments } from './documents/reports';
import type { ScanDocuments } from './documents/scans';
import { pathOf } from './uris';
import { CONFIG_FILE } from '../protocol/files';

/**
 * Answers the editor's questions from what is known already: nothing here waits for a disk or a run. What is not known yet is
 * left out, and the editor is told to ask again when it is.
 */
export function registerFeatures(host: Host, board: Board, reports: ReportDocuments, scans: ScanDocuments): void {
  const { connection, documents, log, settings } = host;
  const json = jsonService();

  /** A service that fails is a missing lens, not an error box; the log has the reason. */
  const guarded = async <T>(what: string, fallback: T, work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      log.error(`${what} failed`, error);
      return fallback;
    }
  };
  const configOf = (uri: string) => configAt(board, documents.get(uri));
  const modelOf = (uri: string) => modelAt(board, documents.get(uri));

  connection.onCompletion(({ textDocument, position }) =>
    guarded('Completion', { isIncomplete: false, items: [] }, async () => {
      const found = configOf(textDocument.uri);
      return found ? configCompletion(json, found.config, found.facts, position) : { isIncomplete: false, items: [] };
    }),
  );

  connection.onHover(({ textDocument, position }) =>
    guarded('Hover', null, () => {
      const found = configOf(textDocument.uri);
      if (found) {
        const { last, scan } = board.config(found.file) ?? {};
        return configHover(found.config, found.facts, position, {
          ...(last?.changed.length === 0 && { report: last.report, settings: last.settings }),
          scan,
        });
      }
      const model = modelOf(textDocument.uri);
      if (!model) return reports.hover(textDocument.uri, position) ?? scans.hover(textDocument.uri, position);
      const { last, scan } = board.model(model.file);
      return modelHover(model.document, model.summary, position, last, scan);
    }),
  );

  connection.onCodeLens(({ textDocument }) =>
    guarded<CodeLens[]>('Code lens', [], async () => {
      if (!(await settings.get(textDocument.uri)).codeLens.enabled) return [];
      const found = configOf(textDocument.uri);
      if (found) {
        const { last, scan } = board.config(found.file) ?? {};
        return configLenses(found.config, found.facts, {
          last,
          active: board.activeRun(found.file),
          scan,
          scanning: board.activeScan(found.file),
        });
      }
      const model = modelOf(textDocument.uri);
      return model
        ? modelLenses(model.document, model.summary, board.model(model.file))
        : [...reports.lenses(textDocument.uri), ...scans.lenses(textDocument.uri)];
    }),
  );

  connection.languages.inlayHint.on(({ textDocument, range }) =>
    guarded<InlayHint[]>('Inlay hints', [], async () => {
      const found = configOf(textDocument.uri);
      if (!found || !(await settings.get(textDocument.uri)).inlayHints.enabled) return [];
      return configHints(found.config, found.facts, board.config(found.file)?.scan).filter(
        ({ position }) => position.line >= range.start.line && position.line <= range.end.line,
      );
    }),
  );

  connection.onCodeAction(({ textDocument, context }) =>
    guarded<CodeAction[]>('Quick fixes', [], () => {
      const diagnostics = context.diagnostics as Diagnostic[];
      const found = configOf(textDocument.uri);
      if (found)
        return [
          ...configActions(textDocument.uri, diagnostics),
          ...scanActions(diagnostics, { config: found.config.document, subject: textDocument.uri, inspect: {} }),
        ];
      const model = modelOf(textDocument.uri);
      if (!model)
        return [...reports.actions(textDocument.uri, diagnostics), ...scans.actions(textDocument.uri, diagnostics)];
      const { configUri } = board.model(model.file).plan;
      const config = configUri === undefined ? undefined : board.config(pathOf(configUri) ?? '')?.text.document;
      const inspect = model.summary.penultimate === null ? {} : { layer: model.summary.penultimate };
      return [
        ...(configUri === undefined ? [] : modelActions(configUri, diagnostics)),
        ...scanActions(diagnostics, { config, subject: textDocument.uri, inspect }),
      ];
    }),
  );

  connection.onFoldingRanges(({ textDocument }) =>
    guarded('Folding', [], () => {
      const found = configOf(textDocument.uri);
      return found ? json.getFoldingRanges(found.config.document) : [];
    }),
  );

  connection.onDocumentSymbol(({ textDocument }) =>
    guarded('Outline', [], () => {
      const found = configOf(textDocument.uri);
      return found
        ? json.findDocumentSymbols2(found.config.document, json.parseJSONDocument(found.config.document))
        : [];
    }),
  );

  connection.onDocumentFormatting(({ textDocument, options }) =>
    guarded('Formatting', [], () => {
      const document = documents.get(textDocument.uri);
      return document && configOf(textDocument.uri) ? json.format(document, undefined, options) : [];
    }),
  );
}

/** The JSON service with our schema for every document, whatever its `$schema` says: nothing is ever requested. */
function jsonService(): LanguageService {
  const text = JSON.stringify(EDITOR_SCHEMA);
  // Without this it leaves out what is written about each word of a choice.
  const clientCapabilities = {
    textDocument: {
      completion: { completionItem: { documentationFormat: [MarkupKind.Markdown, MarkupKind.PlainText] } },
    },
  };
  const json = getLanguageService({ schemaRequestService: () => Promise.resolve(text), clientCapabilities });
  json.configure({
    validate: true,
    allowComments: true,
    schemas: [{ uri: 'fineprune://schemas/fineprune', fileMatch: ['*'], schema: EDITOR_SCHEMA }],
  });
  return json;
}

const parsed = new WeakMap<TextDocument, { version: number; config: ConfigText }>();

function configAt(
  board: Board,
  document: TextDocument | undefined,
): { file: string; config: ConfigText; facts: ConfigFacts } | undefined {
  const file = document && pathOf(document.uri);
  if (!file || !(document.languageId === 'fineprune' || CONFIG_FILE.is(file))) return undefined;
  let known = parsed.get(document);
  if (known?.version !== document.version) {
    known = { version: document.version, config: parseConfig(document) };
    parsed.set(document, known);
  }
  return { file, config: known.config, facts: board.config(file)?.facts ?? NO_FACTS };
}

function modelAt(
  board: Board,
  document: TextDocument | undefined,
): { file: string; document: TextDocument; summary: ModelSummary } | undefined {
  const file = document && pathOf(document.uri);
  if (!file || CONFIG_FILE.is(file)) return undefined;
  const summary = board.snapshots.models.ofDocument(document, file);
  return summary ? { file, document, summary } : undefined;
}
