import path from 'node:path';
import { readConfig, type OpenConfig } from '../../../engine/config/read-config';
import { confinedPath } from '../../../engine/files/confine';
import { isOfConfig, runSettings, settingsRun } from '../../../engine/report/check/staleness';
import type { ResolvedConfig } from '../../../protocol/config/config';
import type { DefenseReport, OverriddenSetting } from '../../../protocol/report/report';
import type { CheckResult } from '../../../protocol/report/review';
import { configOf, fail, failure, pass, warn, type Target } from '../context';

/** The config of a report, and whether the report was made from it. */
export async function configResults(
  target: Target,
  report: DefenseReport,
): Promise<{ results: CheckResult[]; opened: OpenConfig | null }> {
  const name = path.basename(configOf(target));
  let opened: OpenConfig;
  try {
    // Its own path is confined too: a link may lead anywhere.
    const file = await confinedPath(
      path.dirname(configOf(target)),
      name,
      { root: target.allowed.root, folders: target.config === null ? [] : target.allowed.folders },
      'config',
    );
    if (path.basename(file) !== name)
      return {
        results: [fail('path.outside', `${name} is a link to another file; only a config itself is read.`)],
        opened: null,
      };
    opened = await readConfig(file, { root: target.allowed.root, allowedFolders: target.allowed.folders });
  } catch (error) {
    return { results: [failure('config.unreadable', `The config ${name} can't be used`, error)], opened: null };
  }
  return { results: settingResults(report, opened.config, name, target), opened };
}

/** Whether the settings that were run are those of the config as it is. */
function settingResults(report: DefenseReport, config: ResolvedConfig, name: string, target: Target): CheckResult[] {
  const { overridden, other, machine } = settingsRun(report, config);
  const results: CheckResult[] = [];
  if (!isOfConfig(report, config)) {
    const fields = [...other, ...overridden];
    const which = fields.length && fields.length <= 5 ? ` (${fields.join(', ')})` : '';
    // Only of the config beside a report is it known that it once was the report's.
    const message =
      target.config === null
        ? `The report is stale: ${name} has changed since${which}.`
        : `${name} is not the config that this report was made from${which}: it is a different one, or has changed since.`;
    results.push(fail('stale.config', message, '/provenance/configHash'));
  } else if (other.length) {
    results.push(
      fail(
        'config.differs',
        `The settings in the report are not those of ${name}, although the report has its hash: ${other.join(', ')}.`,
        '/provenance/config',
      ),
    );
  } else {
    const settings = runSettings(report, config).map(
      ({ path: field, run, config: own }) => `${field} ${run} (config: ${own})`,
    );
    if (settings.length)
      results.push(
        warn(
          'config.overridden',
          `The run had settings from its command line: ${settings.join(', ')}. Running ${name} without them may give a different result.`,
          '/provenance/config',
        ),
      );
    results.push(...recordedResults(report, overridden, name));
    results.push(
      pass(
        'config',
        `${name} is the config of this report${machine.length ? `; its command line or editor chose the engine (${machine.join(', ')})` : ''}.`,
      ),
    );
  }
  return results;
}

/** What the report says of its command line, against what follows from its settings and the config that it was made from. */
function recordedResults(
  { provenance }: DefenseReport,
  overridden: readonly OverriddenSetting[],
  name: string,
): CheckResult[] {
  const { overridden: recorded } = provenance;
  // Where it says nothing, it may be of an earlier version; the config may ask by now for what the command line did.
  if (
    recorded === undefined ||
    overridden.length === 0 ||
    [...recorded].sort().join() === [...overridden].sort().join()
  )
    return [];
  return [
    fail(
      'config.differs',
      `The report says that its command line gave ${recorded.join(', ')}, but the settings that differ from ${name} are ${overridden.join(', ')}.`,
      '/provenance/overridden',
    ),
  ];
}
