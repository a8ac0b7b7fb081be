import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LanguageClient, uriOf } from '../protocol/language-client';
import { steering } from '../fixtures/nasty-strings';

/** What a fuzz of the server's documents is given. */
export interface DocumentFuzz {
  seed: number;
  /** Ends after so many inputs, or after so many milliseconds: whichever comes first. */
  inputs: number;
  ms: number;
  /** A folder with a config and what belongs to it; its files are read, and not written. */
  folder: string;
}

/** What came of it. A fault is anything but an answer: a crash, a hang, a text that steers. */
export interface DocumentFuzzResult {
  inputs: number;
  answers: number;
  /** Answers that were errors, by code: the protocol's own refusals. */
  refusals: Record<string, number>;
  faults: string[];
  slowestMs: number;
  /** Largest resident memory of the server that was seen, in MB. */
  peakMb: number;
}

/** No answer within this time is a hang. */
const HANG_MS = 5_000;
/** Refusals that the protocol foresees: no such method, invalid parameters, cancelled. */
const REFUSALS = new Set([-32601, -32602, -32800, -32600]);

/** mulberry32: a small generator, the same everywhere. @returns numbers in [0, 1) */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const AWKWARD_TEXTS = [
  '',
  '{',
  '[',
  '"',
  '\u0000',
  '\uD800',
  '\u202e',
  '\r',
  '\n',
  '\\u',
  '//',
  '/*',
  '9e999',
  '-',
  'null',
  '{}',
  '[[[[',
  ',,',
  '\u001b[31m',
  'x'.repeat(3000),
  '{"a":'.repeat(200),
];
const AWKWARD_NUMBERS = [-1, -0.5, 0, 1, 7, 1e9, 2 ** 31 - 1, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY];
const AWKWARD_URIS = [
  'untitled:Untitled-1',
  'git:/x.fineprune.json?%7B%7D',
  'file:///',
  'file://',
  'file:///%00',
  'file:///nowhere/x.fineprune.json',
  'file://host/share/x.scan.json',
  'vscode-vfs://github/x/y.defense.json',
  'http://a/b.json',
  '%%%',
  '',
  'file:///a%2f..%2f..%2fetc%2fpasswd',
  `file:///${'x'.repeat(5000)}.fineprune.json`,
];
const POSITIONED = ['hover', 'completion', 'definition', 'signatureHelp'];
const WHOLE = ['codeLens', 'foldingRange', 'documentSymbol', 'documentLink', 'semanticTokens/full'];

/** A fuzz over the protocol: documents opened, edited at places that may not be there, closed and asked about in any order. */
export async function fuzzDocuments({ seed, inputs, ms, folder }: DocumentFuzz): Promise<DocumentFuzzResult> {
  const random = generator(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const number = (): number => (random() < 0.7 ? below(60) : one(AWKWARD_NUMBERS));
  const position = (): object => ({ line: number(), character: number() });
  const range = (): object => ({ start: position(), end: position() });

  const result: DocumentFuzzResult = { inputs: 0, answers: 0, refusals: {}, faults: [], slowestMs: 0, peakMb: 0 };
  const client = await LanguageClient.start([folder]);
  const sources = ['demo.fineprune.json', 'model.json'].map((name) =>
    readFileSync(path.join(folder, name), 'utf8').slice(0, 60_000),
  );
  const names = [
    'demo.fineprune.json',
    'model.json',
    'demo.defense.json',
    'demo.scan.json',
    'demo.defense-review.json',
    'other.fineprune.json',
    'x.json',
  ];
  const uris = [...names.map((name) => uriOf(path.join(folder, name))), ...AWKWARD_URIS];
  let version = 1;

  /** A text near one that is right. */
  const mutated = (): string => {
    let text = one([...sources, ...AWKWARD_TEXTS]);
    for (let times = below(6); times > 0; times--) {
      const [from, to] = [below(text.length + 1), below(text.length + 1)].sort((a, b) => a - b) as [number, number];
      const piece = random() < 0.5 ? one(AWKWARD_TEXTS) : text.slice(from, to).slice(0, 500);
      text = text.slice(0, from) + piece + text.slice(random() < 0.7 ? from : to);
    }
    return text;
  };
  const notify = (method: string, params: object): Promise<void> => client.connection.sendNotification(method, params);
  const ask = async (method: string, params: object): Promise<void> => {
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await Promise.race([
        client.connection.sendRequest(method, params),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error('no answer')), HANG_MS);
        }),
      ]);
      result.answers++;
      const shown =
        JSON.stringify(answer, (key, value: unknown) =>
          ['newText', 'arguments', 'data', 'insertText', 'filterText', 'uri'].includes(key) ? undefined : value,
        ) ?? '';
      const bad = steering(shown.replaceAll('\u2060', ''));
      if (bad.length > 0)
        result.faults.push(`seed ${seed}, input ${result.inputs}: ${method} shows ${bad.slice(0, 3).join(' ')}`);
    } catch (error) {
      const { code, message } = error as { code?: number; message: string };
      if (code !== undefined && REFUSALS.has(code)) {
        result.answers++;
        result.refusals[code] = (result.refusals[code] ?? 0) + 1;
      } else
        result.faults.push(
          `seed ${seed}, input ${result.inputs}: ${method} ${JSON.stringify(params).slice(0, 200)}: ${message}`,
        );
    } finally {
      clearTimeout(timer);
    }
    result.slowestMs = Math.max(result.slowestMs, performance.now() - began);
  };

  const began = Date.now();
  try {
    while (
      result.inputs < inputs &&
      Date.now() - began < ms &&
      client.server.exitCode === null &&
      client.server.signalCode === null
    ) {
      result.inputs++;
      const uri = one(uris);
      const textDocument = { uri, version: random() < 0.9 ? ++version : below(5) };
      const what = random();
      if (what < 0.15)
        await notify('textDocument/didOpen', {
          textDocument: { ...textDocument, languageId: one(['fineprune', 'json', 'jsonc', '']), text: mutated() },
        });
      else if (what < 0.4) {
        const change = () => (random() < 0.75 ? { range: range(), text: one(AWKWARD_TEXTS) } : { text: mutated() });
        await notify('textDocument/didChange', {
          textDocument,
          contentChanges: Array.from({ length: 1 + below(3) }, change),
        });
      } else if (what < 0.46) await notify('textDocument/didClose', { textDocument });
      else if (what < 0.5) await notify('textDocument/didSave', { textDocument });
      else if (what < 0.54)
        await notify('workspace/didChangeWatchedFiles', { changes: [{ uri, type: one([1, 2, 3, 99]) }] });
      else if (what < 0.75) await ask(`textDocument/${one(POSITIONED)}`, { textDocument, position: position() });
      else if (what < 0.85) await ask(`textDocument/${one(WHOLE)}`, { textDocument });
      else if (what < 0.92) await ask('textDocument/inlayHint', { textDocument, range: range() });
      else if (what < 0.97)
        await ask('textDocument/codeAction', {
          textDocument,
          range: range(),
          context: { diagnostics: (client.diagnostics.get(uri) ?? []).slice(0, 5) },
        });
      else
        await ask(one(['finePrune/readReport', 'finePrune/modelText', 'finePrune/prepare']), {
          uri,
          modelUri: uri,
          configUri: uri,
        });
      if (result.inputs % 50 === 0) result.peakMb = Math.max(result.peakMb, memoryOf(client.server.pid!));
    }
    // The last word: a server that fell behind or ended does not say it.
    await ask('textDocument/hover', { textDocument: { uri: uris[0] }, position: { line: 0, character: 0 } });
    if (client.server.exitCode !== null || client.server.signalCode !== null)
      result.faults.push(`seed ${seed}: the server ended after input ${result.inputs}`);
    for (const line of client.log)
      if (/uncaughtException|unhandledRejection/.test(line)) result.faults.push(`seed ${seed}: ${line.slice(0, 600)}`);
  } finally {
    await client.stop();
  }
  return result;
}

/** Resident memory of a process, in MB. */
export function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
