import type { BackendInfo } from '../../backend/select';
import { TOOL } from '../../process/version';

/** What computed the figures of a report or a scan. */
export function provenanceOf(backend: BackendInfo) {
  return {
    tool: TOOL,
    backend: backend.name,
    engine: backend.version,
    threads: backend.threads,
    oneDnn: backend.oneDnn,
    cpuFeatures: backend.cpuFeatures,
  };
}
