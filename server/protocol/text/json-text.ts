/**
 * JSON for people and programs, indented by two blanks. What a terminal or an editor would act on, or not show, is written as an escape,
 * which JSON.stringify does for the characters below U+0020 alone; the value is the same.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu,
    escaped,
  );
}

/** A character as escapes of JSON: `\u202e`. */
export function escaped(c: string): string {
  return Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
}
