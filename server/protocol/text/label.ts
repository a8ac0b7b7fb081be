import { named } from './plain';

/**
 * A name from outside in a label of the editor: a title of a lens, an item of a list, a status. There `$(name)` is drawn as an icon, so
 * that a name could wear the mark of a passed check.
 */
export function label(text: string, most?: number): string {
  return named(text, most).replace(/\$(?=\()/g, '$ ');
}
