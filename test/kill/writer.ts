import { writeTogether } from '../../server/engine/files/output/together';
import { writeFileAtomically, writeFileOnce } from '../../server/engine/files/write';

// Writes outputs of a version, to be killed while it does: node writer.js together|one|once FOLDER VERSION
async function main([how, folder, version]: string[]): Promise<void> {
  const text = (name: string): string => `${name} ${version}\n`.repeat(1_000);
  if (how === 'one') return await writeFileAtomically(`${folder}/m.json`, text('one'));
  if (how === 'once') return void (await writeFileOnce(`${folder}/m.json`, text('one')));
  const model = new Map(['deep/weights.bin', 'model.json'].map((name) => [name, Buffer.from(text(name))]));
  await writeTogether({ folder: folder!, name: 'm' }, [
    { to: 'm.defended', files: model, replaces: [...model.keys()] },
    { to: 'm.defense.json', content: text('report') },
    { to: 'm.defense.md', content: text('markdown') },
  ]);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
