/**
 * What a page cuts off with no way to scroll to it: elements that hide what is larger than they are, by name and text. An
 * expression for the page; nothing where all can be seen. Names meant for screen readers alone are not looked at, nor fields,
 * in which one goes along a long text.
 */
export const CUT_OFF = `[...document.querySelectorAll('body, body *')].flatMap((element) => {
  if (element.closest('.hidden, .skip, .marks span, input') || !element.checkVisibility()) return [];
  const { overflowX, overflowY, display } = getComputedStyle(element);
  if (display === 'inline' || element.closest('svg')) return [];
  const hides = (overflow) => ['hidden', 'clip'].includes(overflow);
  // Its neighbour would cover what is wider than a tile, or a text than its box.
  const covered = element.matches('.tiles div, dt, dd, p, h1, h2, .button');
  const wide = (hides(overflowX) || covered) && element.scrollWidth > element.clientWidth + 1;
  const high = hides(overflowY) && element.scrollHeight > element.clientHeight + 1;
  if (!wide && !high) return [];
  const name = element.tagName.toLowerCase() + (element.className ? '.' + element.className : '');
  return [name + ': ' + element.scrollWidth + ' × ' + element.scrollHeight + ' in ' + element.clientWidth + ' × ' +
    element.clientHeight + ': ' + element.innerText.slice(0, 80)];
})`;

/** How much wider than its window a page is, in pixels. */
export const TOO_WIDE = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** From the smallest telephone to a large screen, in CSS pixels; 320 is also 1,280 at 400 % (WCAG 2.2, 1.4.10). */
export const WIDTHS = [320, 390, 768, 1024, 1280, 1920];
