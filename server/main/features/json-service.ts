import { getLanguageService, type LanguageService } from 'vscode-json-languageservice';
import { MarkupKind } from 'vscode-languageserver/node';
import { EDITOR_SCHEMA } from '../../language/config/schema';

/** The JSON service with our schema for every document, whatever its `$schema` says: nothing is ever requested. */
export function jsonService(): LanguageService {
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
