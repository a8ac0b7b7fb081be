import { selectBackend, type BackendRequest } from '../../../server/engine/backend/select';

/** Child process: selects a backend as its argument says and sends the description to its parent. */
void (async () => {
  process.send!(await selectBackend(JSON.parse(process.argv[2]!) as BackendRequest));
})();
