import { selectBackend, type BackendChoice } from '../../../server/engine/backend/select';
import { figuresOf } from './mobile-net';

/** Child process: `BACKEND MODEL` computes the network's figures on that backend and sends them to its parent. */
void (async ([choice, file]: string[]) => {
  const info = await selectBackend({ choice: choice as BackendChoice, threads: 1 });
  process.send!({ info, figures: await figuresOf(file!) });
})(process.argv.slice(2));
