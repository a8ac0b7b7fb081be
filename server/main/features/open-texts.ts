import type { TextDocument } from 'vscode-languageserver-textdocument';
import { parseConfig, type ConfigText } from '../../language/text/config-text';
import { NO_FACTS, type ConfigFacts } from '../../language/text/facts';
import { formatNamed } from '../../engine/model/formats/registry';
import type { ModelText } from '../../language/model/text';
import type { ModelSummary } from '../../protocol/model';
import type { Parts } from '../parts';
import { pathOf } from '../uris';
import { CONFIG_FILE } from '../../protocol/files';

/** Open documents as what they are: configs and models, with what is known of them already. */

const parsed = new WeakMap<TextDocument, { version: number; config: ConfigText }>();

/** The config that is open under a URI; undefined for any other document. */
export function configAt(
  { host, board }: Parts,
  uri: string,
): { file: string; config: ConfigText; facts: ConfigFacts } | undefined {
  const document = host.documents.get(uri);
  const file = document && pathOf(document.uri);
  if (!file || !(document.languageId === 'fineprune' || CONFIG_FILE.is(file))) return undefined;
  let known = parsed.get(document);
  if (known?.version !== document.version) {
    known = { version: document.version, config: parseConfig(document) };
    parsed.set(document, known);
  }
  if (known.config.beyond) return undefined;
  return { file, config: known.config, facts: board.config(file)?.facts ?? NO_FACTS };
}

/** The model that is open under a URI; undefined for any other document, and until it was read. */
export function modelAt(
  { host, board }: Parts,
  uri: string,
): (ModelText & { file: string; summary: ModelSummary }) | undefined {
  const document = host.documents.get(uri);
  const file = document && pathOf(document.uri);
  if (!file || CONFIG_FILE.is(file)) return undefined;
  const summary = board.snapshots.models.ofDocument(document, file);
  return summary ? { file, document, summary, layerSpan: formatNamed(summary.format).layerSpan } : undefined;
}
