import { selectBackend, type BackendChoice } from '../../../server/engine/backend/select';
import { figures, ZOO } from './zoo';

/** Child process: computes the whole zoo on the backend that its argument names and sends the figures to its parent. */
void (async () => {
  const info = await selectBackend({ choice: process.argv[2] as BackendChoice, threads: 1 });
  process.send!({
    info,
    zoo: Object.fromEntries(ZOO.map((name) => [name, [figures(name, false), figures(name, true)]])),
  });
})();
