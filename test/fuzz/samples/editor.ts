import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ErrorCodes, ResponseError } from 'vscode-languageserver-protocol/node';
import { LanguageClient } from '../../protocol/language-client';
import { Canaries } from '../canaries';
import type { Case, Corpus } from '../case';
import type { Counts } from '../counts';
import { sizeOnDisk, type InputId } from '../input';
import { kindNamed } from '../kinds/kinds';
import { memoryBound, PeakMemory } from '../memory';
import { written } from './cases';
import { badText } from './shown';

/** An answer that has not come by then, on a busy machine, does not come. */
const ANSWER_MS = 20_000;
/** Documents that VS Code gives to a language server. */
const MOST_BYTES = 50 << 20;

/** A language server as it is shipped, that opens the main files of inputs as an editor does. */
export class Editor {
  private readonly canaries: Canaries;
  private client: LanguageClient | null = null;
  private opened = 0;

  constructor(
    private readonly folder: string,
    private readonly corpus: Corpus,
  ) {
    this.canaries = new Canaries(folder, corpus, ['case']);
  }

  async stop(): Promise<void> {
    const { client } = this;
    this.client = null;
    client?.server.kill('SIGKILL');
    client?.connection.dispose();
  }

  /** Opens one input, asks what an editor asks, and closes it. */
  async read(id: InputId, counts: Counts): Promise<void> {
    const kind = kindNamed(id.kind);
    const root = path.join(this.folder, 'case', `${(this.opened++).toString(36)}`);
    const { made, folder } = written(id, kind, this.corpus, root, this.canaries.outside);
    this.client ??= await LanguageClient.start([path.join(this.folder, 'case')], { trusted: this.opened % 2 === 0 });
    const { client } = this;
    const logged = client.log.length;
    const memory = new PeakMemory(client.server.pid!);
    const before = memory.begin() ?? 0;
    const faults: string[] = [];
    let outcome = 'not opened';
    let hung: string | null = null;
    try {
      outcome = await this.look(client, folder, made, kind.language ?? 'json', faults);
    } catch (error) {
      hung = (error as Error).message;
    }
    const took = (memory.peak() ?? 0) - before;
    if (took > memoryBound(sizeOnDisk(folder)) + SPARE_BYTES)
      faults.push(`memory: the server took ${took >> 20} MB for ${sizeOnDisk(folder)} bytes on the disk`);
    faults.push(...this.canaries.touched());
    for (const line of client.log.slice(logged))
      if (/Error\b|\n\s+at /.test(line)) faults.push(`the server logs a failure: ${line.slice(0, 800)}`);
    const dead = client.server.exitCode ?? client.server.signalCode;
    if (dead !== null || hung !== null) {
      counts.died(
        id,
        dead !== null ? `crash: the server ended with ${dead}: ${client.log.at(-1)?.slice(-400)}` : `hang: ${hung}`,
        made.how,
        ' · server',
      );
      await this.stop();
    } else
      counts.read(
        id,
        { outcomes: [{ reader: 'editor', what: outcome }], faults, peak: took, how: made.how },
        ' · server',
      );
  }

  private async look(
    client: LanguageClient,
    folder: string,
    { main, hostile }: Case,
    language: string,
    faults: string[],
  ): Promise<string> {
    // What is no file, an editor does not open: then the config beside it, which names it.
    const file = [main, 'small.fineprune.json'].map((name) => path.join(folder, name)).find(isFile);
    if (
      file === undefined ||
      statSync(file).size > MOST_BYTES ||
      (hostile[0]?.kind === 'canary' && file.endsWith(hostile[0].path))
    )
      return 'not opened';
    const text = readFileSync(file, 'utf8');
    const uri = await client.open(file, text, file.endsWith('.fineprune.json') ? 'fineprune' : language);
    const lines = text.split('\n');
    const ask = async (method: string, more: object = {}): Promise<unknown> => {
      try {
        return await within(client.at(method, uri, more), method);
      } catch (error) {
        if (error instanceof ResponseError && error.code === ErrorCodes.InternalError)
          faults.push(`${method} fails: ${error.message.slice(0, 500)}`);
        else if (!(error instanceof ResponseError)) throw error;
        return null;
      }
    };
    for (let at = 0; at < 6; at++) {
      const line = Math.floor((at * lines.length) / 6);
      const position = { line, character: Math.min(12, lines[line]!.length) };
      faults.push(...badText(textsOf(await ask('textDocument/hover', { position })), 'a hover'));
      if (at === 2) await ask('textDocument/completion', { position });
    }
    await ask('textDocument/codeLens');
    await ask('textDocument/inlayHint', {
      range: { start: { line: 0, character: 0 }, end: { line: lines.length, character: 0 } },
    });
    await until(() => client.diagnostics.has(uri), 3_000);
    const told = client.diagnostics.get(uri);
    for (const { message } of told ?? [])
      faults.push(...badText(typeof message === 'string' ? message : message.value, 'a diagnostic'));
    await client.close(uri);
    return told
      ? told
          .map(({ code }) => String(code))
          .slice(0, 3)
          .join(' ') || 'nothing wrong'
      : 'no diagnostics';
  }
}

/** A server that has just begun loads what it needs with the first documents. */
const SPARE_BYTES = 48 << 20;

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The text of a hover. */
function textsOf(answer: unknown): string {
  const { contents } = (answer ?? {}) as { contents?: { value: string } | string };
  return typeof contents === 'string' ? contents : (contents?.value ?? '');
}

function within<T>(answer: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer to ${what}`)), ANSWER_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function until(holds: () => boolean, milliseconds: number): Promise<void> {
  for (const end = Date.now() + milliseconds; !holds() && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
