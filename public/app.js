// Small comforts on top of pages that work without any script. htmx replaces parts of the page, so everything listens
// at the document.

document.documentElement.classList.add('scripted');

const typing = 'input, select, textarea, [contenteditable]';

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(typing)) return;
  const search = document.querySelector('input[type="search"]');
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (button?.matches('[data-print]')) window.print();
  if (!button?.matches('[data-copy]')) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add('copied');
    say('Copied');
    setTimeout(() => button.classList.remove('copied'), 1500);
  } catch {
    // Without the clipboard (an insecure address, a refusal) the id is selected, ready to be copied by hand.
    const id = button.parentElement.querySelector('code');
    if (id) window.getSelection().selectAllChildren(id);
    say('Not copied: the id is selected');
  }
});

document.addEventListener('click', async (event) => {
  const link = event.target.closest('a[data-copy-link]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(link.href);
    link.classList.add('copied');
    say('Link copied');
    setTimeout(() => link.classList.remove('copied'), 1500);
  } catch {
    // Without the clipboard the link is followed, and the address bar holds it.
    location.assign(link.href);
  }
});

/** Into a region outside of what is replaced; a screen reader hears it. */
function say(text) {
  const region = document.getElementById('announcement');
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

// The link or button that was used is replaced along with its surroundings, and focus would begin at the top again.
let used = null;

const landmark = (element) => element.closest('th, nav, form, ul, section, header')?.tagName;
const nameOf = (element) => element.getAttribute('aria-label') ?? element.textContent.trim();

function rememberFocus() {
  const { activeElement: active } = document;
  used =
    active && active !== document.body
      ? { tag: active.tagName, name: nameOf(active), in: landmark(active), field: active.name }
      : null;
}

function focusAgain() {
  if (!used || document.activeElement !== document.body) return;
  const { tag, name, field, in: where } = used;
  const same = [...document.querySelectorAll(`#usage ${tag}`)].find(
    (other) => landmark(other) === where && (field ? other.name === field : nameOf(other) === name),
  );
  const heading = document.querySelector('#usage h1');
  heading?.setAttribute('tabindex', '-1');
  (same ?? heading)?.focus({ preventScroll: true });
  // Else one would go on typing in front of what is there.
  if (same?.type === 'search') same.setSelectionRange(same.value.length, same.value.length);
}

const announced = () => document.querySelector('[data-announce]')?.dataset.announce;

document.addEventListener('htmx:before:swap', rememberFocus);
document.addEventListener('htmx:after:swap', () => {
  shownSince = Date.now();
  if (announced()) say(announced());
  focusAgain();
});

// Numbers that end now are those of when they were read. A page of them that is looked at again after a while is read again
// in its place, and one of which something did not answer at every look. The clock on the wall decides: the other one stands
// still while a computer sleeps.
let shownSince = Date.now();
let renewing = false;

const changed = (field) => {
  if (field.type === 'hidden') return false;
  if (field.options) {
    const options = [...field.options];
    return !(options.find((option) => option.defaultSelected) ?? options[0])?.selected;
  }
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
};
const isAtWork = () => document.querySelector('.htmx-request') || [...document.querySelectorAll(typing)].some(changed);

const failedIn = (within) => within.querySelectorAll('.failed').length;

/** What one has opened and scrolled to, and the way to have it so again in what takes the place. */
function keepPlace(section) {
  const menus = (within) => [...within.querySelectorAll('details')];
  const named = (menu) => `${landmark(menu)} ${menu.querySelector('summary')?.textContent.trim()}`;
  const open = new Map(menus(section).map((menu) => [named(menu), menu.open]));
  const regions = (within) => [...within.querySelectorAll('.scroll')];
  const scrolled = new Map(regions(section).map((one) => [nameOf(one), [one.scrollLeft, one.scrollTop]]));
  const { scrollX, scrollY } = window;
  return (again) => {
    for (const menu of menus(again)) menu.open = open.get(named(menu)) ?? menu.open;
    for (const region of regions(again)) region.scrollTo(...(scrolled.get(nameOf(region)) ?? [0, 0]));
    window.scrollTo(scrollX, scrollY);
  };
}

async function renew() {
  const section = document.getElementById('usage');
  const wait = section?.querySelector('.failed') ? 0 : section?.querySelector('[data-renew]')?.dataset.renew;
  if (wait === undefined || renewing || document.visibilityState !== 'visible' || isAtWork()) return;
  if (Math.abs(Date.now() - shownSince) < Number(wait) * 1000) return;
  renewing = true;
  try {
    const address = location.href;
    const headers = { 'HX-Request': 'true', 'HX-Request-Type': 'partial' };
    const answer = await fetch(address, { headers, redirect: 'error' });
    const read = document.createElement('template');
    read.innerHTML = await answer.text();
    if (answer.status === 401) return say('Your session has ended: sign in to read these numbers again');
    // Where the database does not answer, a page without numbers comes; those that are there stay, until the next look.
    // Of a window that is fixed every part that is there again counts.
    const failed = failedIn(read.content);
    const hasNumbers = read.content.querySelector('[data-renew]') || failed === 0 || failed < failedIn(section);
    if (!answer.ok || !hasNumbers) return say('These numbers could not be read again');
    // Meanwhile one may have gone on, or begun to type.
    if (location.href !== address || !section.isConnected || isAtWork()) return;
    rememberFocus();
    const inPlace = keepPlace(section);
    section.replaceWith(read.content);
    const again = document.getElementById('usage');
    window.htmx?.process(again);
    inPlace(again);
    focusAgain();
    shownSince = Date.now();
    say(['Read again', announced()].filter(Boolean).join(': '));
  } catch {
    say('These numbers could not be read again');
  } finally {
    renewing = false;
  }
}

document.addEventListener('visibilitychange', renew);
window.addEventListener('focus', renew);
window.addEventListener('pageshow', (event) => event.persisted && renew());
