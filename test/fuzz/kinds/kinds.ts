import type { Kind } from '../case';
import { config } from './config';
import { data } from './data';
import { image } from './image';
import { model } from './model';
import { place } from './place';
import { markdown, report } from './report';
import { policy, review, scan } from './texts';

/** Every kind of file that is read from strangers. */
export const KINDS: readonly Kind[] = [model, data, config, report, markdown, scan, review, policy, image, place];

export function kindNamed(name: string): Kind {
  const found = KINDS.find((kind) => kind.name === name);
  if (!found) throw new Error(`There is no kind ${name}: ${KINDS.map((kind) => kind.name).join(', ')}.`);
  return found;
}
