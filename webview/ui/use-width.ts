import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Width of an element's content box in whole CSS pixels, followed as it changes; 0 until it is laid out. */
export function useWidth<E extends HTMLElement = HTMLDivElement>(): [RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    let frame = 0;
    // In the next frame: a drawing that changes the page's height, and with it the scroll bar, would else run into itself.
    const observer = new ResizeObserver(([entry]) => {
      cancelAnimationFrame(frame);
      if (entry) frame = requestAnimationFrame(() => setWidth(Math.floor(entry.contentRect.width)));
    });
    observer.observe(element);
    setWidth(
      Math.floor(
        element.clientWidth -
          parseFloat(getComputedStyle(element).paddingLeft) -
          parseFloat(getComputedStyle(element).paddingRight),
      ),
    );
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, []);
  return [ref, width];
}
