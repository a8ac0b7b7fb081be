import type { Diagnostic } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { parseConfig, type ConfigText } from '../../language/text/config-text';
import type { Failure } from '../../protocol/errors';
import type { Host } from '../host';
import { pathOf } from '../uris';
import { failureOf } from '../failure';
import { publish } from '../outgoing';

const TYPING_MS = 200;

/** What was read of an open file, for one version of its text. */
export interface Reading<Result> {
  version: number;
  text: ConfigText;
  result: Result | undefined;
  fault: Failure | undefined;
}

/** Results of one kind as texts in the editor: read once a version, checked when they are opened, edited, or something around them changes. */
export abstract class ResultDocuments<Result> {
  private readonly readings = new WeakMap<TextDocument, Reading<Result>>();
  private readonly timers = new Map<string, NodeJS.Timeout>();

  protected constructor(
    protected readonly host: Host,
    /** Whether a file is of this kind, by its name. */
    private readonly concerns: (file: string) => boolean,
    /** @throws FinePruneError when a text is no such result */
    private readonly parse: (text: string, file: string) => Result,
  ) {}

  protected abstract diagnose(reading: Reading<Result>, file: string): Promise<Diagnostic[]>;

  /** A document was opened or edited. */
  touch(uri: string): void {
    if (!this.fileOf(uri)) return;
    clearTimeout(this.timers.get(uri));
    this.timers.set(
      uri,
      setTimeout(() => {
        this.timers.delete(uri);
        void this.publish(uri).catch((error: unknown) => this.host.log.error(`Diagnostics of ${uri}`, error));
      }, TYPING_MS),
    );
  }

  closed(uri: string): void {
    if (!this.fileOf(uri)) return;
    clearTimeout(this.timers.get(uri));
    this.send(uri, []);
  }

  /** Files, settings or trust changed: hashes, configs and decisions may be others. */
  refreshAll(): void {
    for (const { uri } of this.host.documents.all()) this.touch(uri);
  }

  /** The path of a document of this kind. */
  protected fileOf(uri: string): string | undefined {
    const file = pathOf(uri);
    return file && this.concerns(file) ? file : undefined;
  }

  protected at(uri: string): Reading<Result> | undefined {
    const file = this.fileOf(uri);
    const document = this.host.documents.get(uri);
    if (!document || !file) return undefined;
    const known = this.readings.get(document);
    if (known?.version === document.version) return known;
    let result: Result | undefined;
    let fault: Failure | undefined;
    try {
      result = this.parse(document.getText(), file);
    } catch (error) {
      fault = failureOf(error);
    }
    const reading = { version: document.version, text: tolerant(document), result, fault };
    this.readings.set(document, reading);
    return reading;
  }

  private async publish(uri: string): Promise<void> {
    const reading = this.at(uri);
    const file = this.fileOf(uri);
    if (!reading || !file) return;
    const diagnostics = await this.diagnose(reading, file);
    if (this.host.documents.get(uri)?.version === reading.version) this.send(uri, diagnostics);
  }

  private send(uri: string, diagnostics: Diagnostic[]): void {
    publish(this.host, uri, diagnostics);
  }
}

// The parser is recursive: a text of nothing but brackets ends its stack.
function tolerant(document: TextDocument): ConfigText {
  try {
    return parseConfig(document);
  } catch {
    return { document, root: undefined };
  }
}
