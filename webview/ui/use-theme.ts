import { useEffect, useState } from 'preact/hooks';

/** Rises with every change of the theme: what is drawn on a canvas has to be drawn again, since VS Code changes variables without a word. */
export function useTheme(): number {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const observer = new MutationObserver(() => setChanges((n) => n + 1));
    observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
    return () => observer.disconnect();
  }, []);
  return changes;
}
