import { readFileSync } from 'node:fs';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { configProblems, parseConfig, readConfig, resolveConfig } from '../../../server/engine/config/read-config';
import { configsNaming } from '../../../server/engine/config/configs-naming';
import { configDiagnostics } from '../../../server/language/config/diagnostics';
import { configHover } from '../../../server/language/config/hover';
import { parseConfig as parseText } from '../../../server/language/text/config-text';
import { NO_FACTS } from '../../../server/language/text/facts';
import { below, must, textOf, type Kind, type Opened } from '../case';
import { changeDocument } from '../mutate/document';

const FILE = 'small.fineprune.json';

/** A defense config, beside the files that it names. */
export const config: Kind = {
  name: 'config',
  weight: 3,
  make(chance, corpus) {
    const how: string[] = [];
    const other = chance.happens(0.2) ? chance.pick(['former/known', 'former/guided', 'former/unknown']) : null;
    const files = below(corpus, 'project');
    files.set(
      FILE,
      changeDocument(textOf(corpus, other === null ? `project/${FILE}` : `${other}.fineprune.json`), chance, how),
    );
    return { files, hostile: [], main: FILE, how };
  },
  readers: { problems, read, naming, editor },
  commands: [
    (main) => ['run', main, '--backend', 'wasm', '--report-only'],
    (main) => ['scan', main, '--backend', 'wasm', '--no-cache', '--classes', '0'],
    () => ['check', '--json'],
  ],
  language: 'fineprune',
};

/** A text without a problem can be read, and with one it can't. */
function problems({ file }: Opened): string {
  const text = readFileSync(file, 'utf8');
  const found = configProblems(text);
  for (const { offset, length } of found)
    must(offset >= 0 && length >= 0 && offset + length <= text.length, 'a problem is inside of the text');
  if (found.length) return found[0]!.code;
  resolveConfig(parseConfig(text, file));
  return 'none';
}

async function read({ file, folder }: Opened): Promise<string> {
  const { modelPath, config: resolved } = await readConfig(file, { root: folder });
  must(modelPath.startsWith(folder), 'the model of a config lies in the folder that confines it');
  return resolved.trigger?.kind ?? 'no trigger';
}

async function naming({ file, folder }: Opened): Promise<string> {
  const found = await configsNaming([file], `${folder}/model.json`);
  return String(found.length);
}

function editor({ file }: Opened): string {
  const text = readFileSync(file, 'utf8');
  const parsed = parseText(TextDocument.create('file:///small.fineprune.json', 'fineprune', 1, text));
  const found = configDiagnostics(parsed, configProblems(text), NO_FACTS);
  for (let at = 0; at < text.length; at += Math.max(1, Math.floor(text.length / 20)))
    configHover(parsed, NO_FACTS, parsed.document.positionAt(at));
  return `${found.length > 0} ${String(found[0]?.code)}`;
}
