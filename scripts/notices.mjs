// The licences of everything that the bundles contain, in one file beside them, as those licences ask.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The package that a bundled file belongs to: the innermost node_modules folder counts. */
function packageOf(file) {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
  return match?.[1];
}

/** Writes `into` from esbuild's metafiles, plus the packages whose files are copied as they are. */
export function writeNotices(metafiles, copiedPackages, root, into) {
  const folders = new Set(copiedPackages.map((folder) => path.relative(root, folder)));
  for (const { inputs } of metafiles)
    for (const file of Object.keys(inputs)) {
      const folder = packageOf(file);
      if (folder) folders.add(folder);
    }
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const texts = readdirSync(path.join(root, folder))
      .filter((file) => /^(licen[cs]e|notice)/i.test(file))
      .sort();
    const text = texts.map((file) => readFileSync(path.join(root, folder, file), 'utf8').trim()).join('\n\n');
    return `${name} ${version} (${license})\n\n${text || `Licence: ${license}. The package carries no licence text.`}`;
  });
  const line = '\n\n' + '-'.repeat(80) + '\n\n';
  writeFileSync(into, `Fine-Prune contains code of these packages:${line}${parts.join(line)}\n`);
}
