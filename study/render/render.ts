import path from 'node:path';
import { writeFileAtomically } from '../../server/engine/files/write';
import { allCells, cellName } from '../cells';
import { ATTACKS, attackSettings, HOLDOUT, SEEDS, SHARES, TRAINING_IMAGES } from '../settings';
import {
  ATTACK_TITLES,
  cleanRepairs,
  groups,
  groupTitle,
  loss,
  points,
  scans,
  success,
  whyMissing,
  type Group,
  type Results,
} from './collect';
import { accuracyPlot, scanPlot, successPlot } from './plots';
import {
  adaptiveSentence,
  autoSentence,
  cleanSentence,
  GATES,
  misses,
  rankingSentence,
  referenceSentence,
  scanSentence,
  verdictSentences,
} from './sentences';
import { costTable, details, goalTable, matrix, scanTable, table } from './tables';
import { percent } from '../../server/protocol/words';

const DOCS = path.join(__dirname, '..', '..', 'docs');

/**
 * Writes docs/study.md and its plots from the results that there are.
 * @returns absolute paths of what was written
 */
export async function renderStudy(results: Results, docs = DOCS): Promise<string[]> {
  const all = groups(results);
  const pictures = {
    'study-asr.svg': successPlot(all),
    'study-accuracy.svg': accuracyPlot(all),
    'study-scan.svg': scanPlot(scans(results).done),
  };
  const files: [string, string][] = [
    ...Object.entries(pictures).map(([name, text]): [string, string] => [path.join('images', name), text]),
    ['study.md', studyText(results)],
  ];
  for (const [name, text] of files) await writeFileAtomically(path.join(docs, name), text);
  return files.map(([name]) => path.join(docs, name));
}

/** The document, from the figures alone. */
export function studyText(results: Results): string {
  const all = groups(results);
  return [
    '# Study: which repair gets which backdoor out',
    '',
    'Made by `npm run study` from the results in `study/results`; every figure and sentence here is generated. Percent and percentage points throughout. ASR is the *true* one: measured on 9,000 or so test images with the trigger that the model was attacked with, which neither scan nor repair knows.',
    '',
    ...reading(all, results),
    '## What was aimed at with `auto`',
    '',
    ...goalTable(all),
    '',
    ...all.flatMap(groupSection),
    ...pictureSection(),
    ...scanSection(results),
    ...setUp(),
    ...missingSection(results),
  ].join('\n');
}

function reading(all: readonly Group[], results: Results): string[] {
  const cells = allCells();
  const done = cells.filter((cell) => results.get(cellName(cell))?.state === 'done').length;
  const missed = misses(all);
  const { done: scanned } = scans(results);
  const named = (of: (group: Group) => string | null): string[] =>
    all.flatMap((group) => (of(group) === null ? [] : [`${groupTitle(group)}: ${of(group)}`]));
  const bullets = [
    ...named(autoSentence),
    scanSentence(scanned),
    cleanSentence(cleanRepairs(results)),
    ...verdictSentences(all),
    ...named(referenceSentence),
    ...named(rankingSentence),
    ...named(adaptiveSentence),
    done < cells.length
      ? `**${cells.length - done} of ${cells.length} cells are missing**; what is said here rests on the others.`
      : `All ${cells.length} cells are there.`,
  ].filter((sentence) => sentence !== null);
  return [
    '## What it says',
    '',
    ...bullets.map((sentence) => `- ${sentence}`),
    '',
    ...(missed.length
      ? [
          `Where \`auto\` leaves a true ASR above ${percent(GATES.success)} or costs more than ${points(GATES.loss)} points of clean accuracy:`,
          '',
          ...missed.map((line) => `- ${line}`),
          '',
        ]
      : []),
  ];
}

function groupSection(group: Group): string[] {
  if (group.rows.every(({ done }) => done.length === 0)) return [`## ${groupTitle(group)}`, '', '*missing*', ''];
  return [
    `## ${groupTitle(group)}`,
    '',
    'True ASR that is left, mean (smallest–largest) over the seeds:',
    '',
    ...matrix(
      group,
      (r) => success(r.after),
      (r) => success(r.before),
    ),
    '',
    'Loss of clean accuracy in points, negative for a gain:',
    '',
    ...matrix(group, loss),
    '',
    '<details><summary>All figures</summary>',
    '',
    ...details(group),
    '',
    '</details>',
    '',
  ];
}

function pictureSection(): string[] {
  return [
    '## In pictures',
    '',
    '![True ASR left by strategy and attack](images/study-asr.svg)',
    '',
    '![Change of clean accuracy by strategy and attack](images/study-accuracy.svg)',
    '',
  ];
}

function scanSection(results: Results): string[] {
  const { done } = scans(results);
  return [
    '## Scans',
    '',
    'A scan sees a model and clean images, and flags the classes whose masks stand out by anomaly index and by share of the median mask. Both figures here are those of the true target or, without a backdoor, of the class with the smallest mask.',
    '',
    ...(done.length ? scanTable(done) : ['*missing*']),
    '',
    '![Smallest masks of scanned models](images/study-scan.svg)',
    '',
  ];
}

function setUp(): string[] {
  const [few, many] = SHARES;
  const rows = ATTACKS.map((attack) => {
    const { trigger, poisonRate, noiseRate, pruningAware, epochs } = attackSettings(attack, 0);
    const more = [
      noiseRate > 0 && `${100 * noiseRate} % more images warped with noise`,
      pruningAware !== null &&
        `${100 * pruningAware} % of the units of the last convolution and the penultimate layer come back as decoys`,
    ].filter(Boolean);
    return [
      ATTACK_TITLES[attack],
      poisonRate > 0 ? `\`${JSON.stringify(trigger)}\`` : '',
      `${100 * poisonRate} %`,
      pruningAware === null ? `${epochs}` : `${epochs} clean, ${epochs} poisoned`,
      more.join('; '),
    ];
  });
  return [
    '## Set-up',
    '',
    `Attacked models: the reference SimpleCNN from scratch on all ${TRAINING_IMAGES.toLocaleString('en')} training images, Adam 0.001, batch 64, all-to-one, seeds ${SEEDS.join(', ')}. Target class, place of the patch, pattern and flow change with the seed; those of seed 0:`,
    '',
    ...table(['attack', 'trigger', 'poisoned', 'epochs', ''], rows, [0, 1, 4]),
    '',
    `Clean data: ${few} % are ${((few / 100) * TRAINING_IMAGES).toLocaleString('en')} training images drawn with the seed, ${HOLDOUT[few].toLocaleString('en')} of them held out from fine-tuning; ${many} % are all of them, ${HOLDOUT[many].toLocaleString('en')} held out. Repairs run with \`"trigger": "inverted"\` and \`"analysis": "holdout"\`, everything else as it is by default: the test set is read for the figures only, and what the tool itself says of a repair rests on what it found out.`,
    '',
    'The pruning-aware attack is that of the original paper (Liu, Dolan-Gavitt, Garg 2018): train clean, prune what is dormant, train what is left on poisoned data, put the pruned units back as decoys. `warped` is WaNet with its noise mode.',
    '',
    '## How to reproduce',
    '',
    '```sh',
    'npm run study                        # sets everything up, computes what is missing within 85 minutes, renders this page',
    'npm run study -- --only mnist-5-*-auto --again',
    'npm run study -- --list              # what there is',
    'npm run study -- --render            # this page from what there is',
    '```',
    '',
    "One JSON a cell in `study/results`, written when the cell is done; a stopped run goes on where it was. A cell whose settings have changed since is stale and is computed again. Attacked models are kept in `out/study`. Fashion-MNIST is read from Debian's package `dataset-fashion-mnist`.",
    '',
  ];
}

function missingSection(results: Results): string[] {
  const cells = allCells();
  const seconds = new Map<string, number[]>();
  const why = new Map<string, string[]>();
  for (const cell of cells) {
    const known = results.get(cellName(cell));
    if (known?.state === 'done') seconds.set(cell.task, [...(seconds.get(cell.task) ?? []), known.result.seconds]);
    else why.set(whyMissing(cell, results), [...(why.get(whyMissing(cell, results)) ?? []), cellName(cell)]);
  }
  return [
    ...(seconds.size
      ? [
          '## Cost',
          '',
          'Processor seconds of a cell, one thread, without the training of the attacked model; what cells of one model share (the first scan) is computed once:',
          '',
          ...costTable(seconds),
          '',
        ]
      : []),
    ...(why.size
      ? [
          '## Missing',
          '',
          ...[...why].map(
            ([reason, names]) => `- ${reason.replace(/\.$/, '')}: ${names.map((name) => `\`${name}\``).join(', ')}`,
          ),
          '',
        ]
      : []),
  ];
}
