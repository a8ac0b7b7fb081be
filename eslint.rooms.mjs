// The rooms of docs/architecture.md: who may import whom. Data flows one way, and so do imports.

import { readdirSync } from 'node:fs';

/** The engine's rooms, the highest floor first. A room imports from lower floors and from itself; rooms of one floor don't know each other. */
const ENGINE_FLOORS = [
  ['tasks', 'inspect'],
  ['poison', 'report'],
  ['defense'],
  ['repair'],
  ['detect'],
  ['pruning', 'training'],
  ['pass'],
  ['triggers'],
  ['model'],
  ['data'],
  ['metrics', 'config', 'backend'],
  ['files', 'process'],
];

const engine = (name) => `./server/engine/${name}`;

// A room that has no floor would be bound by nothing.
const homeless = readdirSync(new URL('./server/engine', import.meta.url), { withFileTypes: true }).filter(
  (entry) => entry.isDirectory() && !ENGINE_FLOORS.flat().includes(entry.name),
);
if (homeless.length > 0)
  throw new Error(`Give server/engine/${homeless[0].name} a floor in ENGINE_FLOORS (eslint.rooms.mjs).`);

const engineZones = ENGINE_FLOORS.flatMap((rooms, floor) =>
  rooms.map((room) => ({
    target: engine(room),
    from: [
      engine('worker.ts'),
      ...ENGINE_FLOORS.slice(0, floor + 1)
        .flat()
        .filter((other) => other !== room)
        .map(engine),
    ],
    message: `server/engine/${room} imports only from the floors below it (eslint.rooms.mjs).`,
  })),
);

/** Formats are read through their registry. */
const dataFormatsZone = {
  target: [
    ...['client', 'webview', 'server/protocol', 'server/language', 'server/main', 'server/cli', 'server/jobs'].map(
      (room) => `./${room}`,
    ),
    ...ENGINE_FLOORS.flat()
      .filter((room) => room !== 'data')
      .map(engine),
    './server/engine/data/*.ts',
    './server/engine/*.ts',
    './server/*.ts',
  ],
  from: './server/engine/data/formats',
  except: ['./format.ts', './registry.ts'],
  message: 'Data are read through server/engine/data/open-data.ts and formats/registry.ts.',
};

/** What a room may not import, outside the engine. `except` names what it may see of such a room all the same. */
const zone = (target, from, message, except) => ({ target, from, message, ...(except && { except }) });

/** A model format is known to its registry alone. */
const FORMATS = './server/engine/model/formats';
const formatZones = readdirSync(new URL(FORMATS, import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) =>
    zone(
      [
        './{client,webview,study}/**/*',
        './server/!(engine)/**/*',
        './server/*.ts',
        './server/engine/!(model)/**/*',
        './server/engine/*.ts',
        `./server/engine/model/formats/!(${name})/**/*`,
        './server/engine/model/formats/!(registry).ts',
        './server/engine/model/*.ts',
        './server/engine/model/network/**/*',
      ],
      `${FORMATS}/${name}`,
      'Model formats are reached through server/engine/model/formats/registry.ts.',
    ),
  );

const PAGES = ['./webview/ui', './webview/inspector', './webview/report', './webview/compare'];

const zones = [
  ...engineZones,
  ...formatZones,
  dataFormatsZone,
  ...['model', 'data'].map((room) =>
    zone(
      `./server/engine/${room}/formats/*/**/*`,
      `./server/engine/${room}/formats/registry.ts`,
      'A registry knows its formats; they do not know it.',
    ),
  ),
  zone(
    ['./{client,webview,study}/**/*', './server/!(engine)/**/*', './server/*.ts', './server/engine/!(model)/**/*'],
    './server/engine/model/network/eager',
    'Networks are run through server/engine/model/network/network.ts.',
  ),
  zone(
    ['./client', './webview', './study', './server/*/**/*'],
    ['./server/main.ts', './server/cli.ts'],
    'Programs begin there; nothing imports them.',
  ),
  zone(
    './server/protocol',
    [
      './client',
      './webview',
      './study',
      './server/engine',
      './server/language',
      './server/main',
      './server/cli',
      './server/jobs',
    ],
    'protocol/ is what everybody may import, so it imports nobody.',
  ),
  zone(
    './server/json',
    ['./client', './webview', './server/engine', './server/language', './server/main', './server/cli', './server/jobs'],
    'server/json knows JSON and nothing of this product.',
  ),
  zone(
    './server/engine',
    ['./client', './webview', './server/language', './server/jobs', './server/main', './server/cli'],
    'The engine knows neither editor nor command line.',
  ),
  zone(
    './server/language',
    ['./client', './webview', './server/jobs', './server/engine', './server/main', './server/cli'],
    'language/ computes from values alone.',
  ),
  zone(
    ['./server/jobs', './server/cli', './server/main'],
    ['./client', './webview'],
    'The server does not know the client.',
  ),
  zone(
    './server/jobs',
    ['./server/main', './server/cli', './server/language'],
    'jobs/ starts engine processes for anybody.',
  ),
  zone('./server/cli', ['./server/main', './server/language'], 'The command line does without an editor.'),
  zone('./server/main', ['./server/cli'], 'The language server does without a command line.'),
  zone(
    './client',
    ['./server/engine', './server/jobs', './server/main', './server/cli'],
    'The client talks to the server through protocol/.',
  ),
  ...PAGES.map((page) =>
    zone(
      './client',
      page,
      'Of webview/, the client knows what the libraries write into a page.',
      page.endsWith('/ui') ? ['./csp.ts'] : undefined,
    ),
  ),
  zone(
    './webview',
    ['./client', './server/engine', './server/jobs', './server/main', './server/cli'],
    'Pages talk to the rest through messages.',
  ),
  // Works with the engine, as the command line does.
  zone(
    './study',
    ['./client', './server/language', './server/main', './server/cli', './webview'],
    'The study works with the engine alone.',
  ),
  zone(['./client', './server', './webview'], './study', 'Nothing that is shipped imports the study.'),
];

export const rooms = { rules: { 'import-x/no-restricted-paths': ['error', { zones }] } };
