/** Names of files as each system takes them. */

/** Names that Windows keeps for devices, whatever follows after a dot. */
const DEVICES = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
const NOT_ON_WINDOWS = /[<>"|?*\\\u0000-\u001f]/;

/**
 * Why a file can't have this name on a system; null where it can. Length is not looked at: it depends on the disk.
 * @param name without folders
 * @param platform as in `process.platform`; a parameter, so that what holds on Windows can be tested elsewhere
 */
export function nameFault(name: string, platform: NodeJS.Platform = process.platform): string | null {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) return 'is not the name of a file';
  if (platform !== 'win32') return null;
  // `a:b` is the stream b of the file a, and `c:x` a file on another drive.
  if (name.includes(':')) return 'has a colon, which names a stream of another file on Windows';
  if (DEVICES.test(name)) return 'is the name of a device on Windows';
  if (/[. ]$/.test(name)) return 'ends with a dot or a space, which Windows leaves out';
  if (NOT_ON_WINDOWS.test(name)) return 'has a character that Windows does not allow in names';
  return null;
}

/** The same for a relative path with forward slashes: the fault of the first part that has one. */
export function pathFault(relative: string, platform: NodeJS.Platform = process.platform): string | null {
  for (const part of relative.split('/')) {
    const fault = nameFault(part, platform);
    if (fault !== null) return fault;
  }
  return null;
}
