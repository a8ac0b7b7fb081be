import type { CodeAction, CodeLens, Diagnostic, InlayHint } from 'vscode-languageserver/node';
import { configCompletion } from '../../language/config/completion';
import type { Parts } from '../parts';
import { actionsFor, hintsIn, hoverAt, lensesOf } from './answers';
import { shown } from '../outgoing';
import { jsonService } from './json-service';
import { configAt } from './open-texts';

/**
 * Answers the editor's questions from what is known already: nothing here waits for a disk or a run. What is not known yet is
 * left out, and the editor is told to ask again when it is.
 */
export function registerFeatures(parts: Parts): void {
  const { connection, documents, log } = parts.host;
  const json = jsonService();

  /** A service that fails is a missing lens, not an error box; the log has the reason. */
  const guarded = async <T>(what: string, fallback: T, work: () => T | Promise<T>): Promise<T> => {
    try {
      return shown(await work());
    } catch (error) {
      log.error(`${what} failed`, error);
      return fallback;
    }
  };

  connection.onCompletion(({ textDocument, position }) =>
    guarded('Completion', { isIncomplete: false, items: [] }, async () => {
      const found = configAt(parts, textDocument.uri);
      return found ? configCompletion(json, found.config, found.facts, position) : { isIncomplete: false, items: [] };
    }),
  );
  connection.onHover(({ textDocument, position }) =>
    guarded('Hover', null, () => hoverAt(parts, textDocument.uri, position)),
  );
  connection.onCodeLens(({ textDocument }) =>
    guarded<CodeLens[]>('Code lens', [], () => lensesOf(parts, textDocument.uri)),
  );
  connection.languages.inlayHint.on(({ textDocument, range }) =>
    guarded<InlayHint[]>('Inlay hints', [], () => hintsIn(parts, textDocument.uri, range)),
  );
  connection.onCodeAction(({ textDocument, context }) =>
    guarded<CodeAction[]>('Quick fixes', [], () =>
      actionsFor(parts, textDocument.uri, context.diagnostics as Diagnostic[]),
    ),
  );
  connection.onFoldingRanges(({ textDocument }) =>
    guarded('Folding', [], () => {
      const found = configAt(parts, textDocument.uri);
      return found ? json.getFoldingRanges(found.config.document) : [];
    }),
  );
  connection.onDocumentSymbol(({ textDocument }) =>
    guarded('Outline', [], () => {
      const found = configAt(parts, textDocument.uri);
      return found
        ? json.findDocumentSymbols2(found.config.document, json.parseJSONDocument(found.config.document))
        : [];
    }),
  );
  connection.onDocumentFormatting(({ textDocument, options }) =>
    guarded('Formatting', [], () => {
      const document = documents.get(textDocument.uri);
      return document && configAt(parts, textDocument.uri) ? json.format(document, undefined, options) : [];
    }),
  );
}
