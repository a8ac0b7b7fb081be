import { fileKind, type FileKind } from './kinds';

/** What a JSON value is that is no TF.js Layers model. */
export function kindOfJson(value: unknown): FileKind | null {
  if (Array.isArray(value))
    return value.length > 0 &&
      value.every((group) => isObject(group) && Array.isArray(group['paths']) && Array.isArray(group['weights']))
      ? fileKind('weights-manifest')
      : null;
  if (!isObject(value)) return null;
  const topology = value['modelTopology'];
  if (value['format'] === 'graph-model' || (isObject(topology) && Array.isArray(topology['node'])))
    return fileKind('graph-model');
  if (topology !== undefined) return null;
  if (typeof value['class_name'] === 'string' && isObject(value['config'])) return fileKind('keras-architecture');
  if (
    typeof value['tmVersion'] === 'string' ||
    (typeof value['packageName'] === 'string' && Array.isArray(value['labels']))
  )
    return fileKind('tm-metadata');
  if (value['schemaVersion'] !== undefined && isObject(value['verdict'])) return fileKind('defense-report');
  if (value['schemaVersion'] !== undefined && isObject(value['scan']) && value['stages'] === undefined)
    return fileKind('scan-result');
  return typeof value['model'] === 'string' && isObject(value['data']) ? fileKind('defense-config') : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
