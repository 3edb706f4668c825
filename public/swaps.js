// A part of the page takes the place of another: focus, what is open and where one has scrolled to stay, the change is said,
// and of two clicks the second one counts.

const landmark = (element) => element.closest('th, nav, form, ul, section, header')?.tagName;
const nameOf = (element) => element.getAttribute('aria-label') ?? element.textContent.trim();
const alike = (tag, name, where, field) =>
  [...document.querySelectorAll(`#usage ${tag}:not([type=hidden])`)].filter(
    (other) => landmark(other) === where && (field ? other.name === field : nameOf(other) === name),
  );

// The link or button that was used is replaced along with its surroundings, and focus would begin at the top again.
let used = null;

function rememberFocus() {
  // Who used the note of a failed request had used what it stands beside.
  const active = document.activeElement?.closest('.not-reached') ? notReached.beside : document.activeElement;
  if (!active || active === document.body) {
    used = null;
    return;
  }
  const { name: field, selectionStart, selectionEnd } = active;
  const like = [active.tagName, nameOf(active), landmark(active), field];
  used = { like, place: alike(...like).indexOf(active), caret: [selectionStart, selectionEnd] };
}

function focusAgain() {
  if (!used || document.activeElement !== document.body) return;
  const found = alike(...used.like);
  const same = found[used.place] ?? found[0];
  const heading = document.querySelector('#usage h1');
  heading?.setAttribute('tabindex', '-1');
  (same ?? heading)?.focus({ preventScroll: true });
  // Else one would go on typing in front of what is there.
  if (same && used.caret[0] != null) same.setSelectionRange(...used.caret);
}

/** What one has opened and scrolled to, and the way to have it so again in what takes the place. */
function keepPlace(section, kept = 'details') {
  const named = (menu) => `${landmark(menu)} ${menu.querySelector('summary')?.textContent.trim()}`;
  const open = new Map([...section.querySelectorAll(kept)].map((menu) => [named(menu), menu.open]));
  const regions = (within) => [...within.querySelectorAll('.scroll')];
  const scrolled = new Map(regions(section).map((one) => [nameOf(one), [one.scrollLeft, one.scrollTop]]));
  const { scrollX, scrollY } = window;
  return (again) => {
    for (const menu of again.querySelectorAll(kept)) menu.open = open.get(named(menu)) ?? menu.open;
    for (const region of regions(again)) region.scrollTo(...(scrolled.get(nameOf(region)) ?? [0, 0]));
    window.scrollTo(scrollX, scrollY);
  };
}

const announced = () => document.querySelector('[data-announce]')?.dataset.announce;

/** The tab says what is shown in it now. */
function retitle() {
  const section = document.getElementById('usage');
  const title = section?.dataset.title ?? section?.querySelector('h1')?.textContent.trim();
  if (title) document.title = `${title} · Mythoria Admin`;
}

let inPlace = null;

document.addEventListener('htmx:before:swap', ({ detail: { ctx } }) => {
  rememberFocus();
  // A menu has done its work when what was chosen in it is there.
  inPlace = ctx.target?.id === 'usage' ? keepPlace(ctx.target, 'details:not(:has(> .menu))') : null;
});

document.addEventListener('htmx:after:swap', () => {
  const section = document.getElementById('usage');
  if (section) inPlace?.(section);
  retitle();
  say(announced() ?? `${section?.querySelector('h1')?.textContent.trim() ?? 'This page'}: changed`);
  focusAgain();
});

// While a request runs what it is for is busy; going back or forward is one as well, and asks without a way to be given up.
let asking = null;

document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
  if (ctx.target?.id !== 'usage' && ctx.target !== document.body) return;
  asking?.request.abort();
  if (!ctx.request.abort) {
    const own = new AbortController();
    ctx.request.signal = AbortSignal.any([ctx.request.signal, own.signal]);
    ctx.request.abort = (reason) => own.abort(reason);
  }
  asking = ctx;
  document.getElementById('usage')?.setAttribute('aria-busy', 'true');
});

document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => {
  if (ctx !== asking) return;
  asking = null;
  document.getElementById('usage')?.removeAttribute('aria-busy');
});

// A field that is left is sent. Left by a press, its answer would take away what is under the pointer before it is released:
// the click counts, and the field is sent after a press on nothing. Left by Enter, it is sent already.
let pressed = false;
let held = null;
let entered = false;

const sendsByItself = (form) => form?.getAttribute('hx-trigger')?.includes('change');
const release = () =>
  setTimeout(() => {
    const form = held;
    pressed = false;
    held = null;
    if (form?.isConnected && !asking) form.requestSubmit();
  });

// The list of a select takes the release for itself.
window.addEventListener(
  'mousedown',
  ({ target }) => {
    pressed = !target.closest?.('select');
  },
  true,
);
window.addEventListener('mouseup', release, true);
window.addEventListener('dragend', release, true);
window.addEventListener(
  'click',
  ({ target }) => {
    if (target.closest?.('a[href], button')) held = null;
  },
  true,
);
window.addEventListener(
  'keydown',
  ({ key }) => {
    pressed = false;
    entered = key === 'Enter';
  },
  true,
);
window.addEventListener(
  'keyup',
  () => {
    entered = false;
  },
  true,
);

window.addEventListener(
  'change',
  (event) => {
    const { target } = event;
    if (!target.matches?.('input') || !sendsByItself(target.form)) return;
    if (pressed) held = target.form;
    if (pressed || entered) event.stopPropagation();
  },
  true,
);

window.addEventListener(
  'submit',
  (event) => {
    if (!pressed || event.submitter || !sendsByItself(event.target)) return;
    held = event.target;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
