// npm run fuzz [-- minutes seed …]: see --help.
import path from 'node:path';
import { fuzz } from './fuzz';
import { HELP, optionsOf } from './options';

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const { seed, kinds, input, count, ways } = options;
  console.log(
    input
      ? `Input ${input.kind}:${input.number} of seed ${seed}`
      : `Seed ${seed}, ${count < Infinity ? `${count} inputs` : `${options.minutes} minutes`}`,
  );
  const keep = options.keep ? path.resolve(__dirname, '../../out/fuzz') : null;
  const counts = await fuzz({
    seed,
    kinds,
    input,
    count,
    ways,
    keep,
    samples: Infinity,
    milliseconds: count < Infinity ? Infinity : options.minutes * 60_000,
    tell: (line) => console.log(line),
  });
  if (options.outcomes || input) console.log(counts.outcomes());
  console.log(`\n${counts.table()}`);
  if (keep && counts.faults > 0) console.log(`\nInputs with a fault: ${keep}`);
  console.log(`\n${counts.inputs} inputs, ${counts.distinct.size} distinct faults`);
  return counts.faults > 0 ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error((error as Error).message);
    process.exit(2);
  },
);
