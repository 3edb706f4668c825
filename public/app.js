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

// A row of a list opens what its first cell leads to; whoever marks text in it wants to copy that.
document.addEventListener('click', (event) => {
  const link = event.target.closest('.opens tbody tr')?.querySelector('th > a');
  if (!link || event.target.closest('a, button, [popover]') || String(window.getSelection())) return;
  const { ctrlKey, metaKey, shiftKey } = event;
  link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }));
});

// Along a row: what it names has menus, which would be four stops of the Tab key each.
document.addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const row = step && !event.target.closest('[popover]') && event.target.closest('tr:has(.names)');
  if (!row || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const stops = [...row.querySelectorAll('th > a, .names')];
  const next = stops[stops.indexOf(event.target) + step];
  if (!next || !stops.includes(event.target)) return;
  event.preventDefault();
  next.focus();
});

/** Into a region outside of what is replaced; a screen reader hears it. */
function say(text) {
  const region = document.getElementById('announcement');
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

// What stands at the head of paper is of the moment at which it is printed, and of the view that is.
window.addEventListener('beforeprint', () => {
  const head = document.querySelector('.on-paper');
  if (!head) return;
  head.querySelector('b').textContent = document.title.replace(/ · [^·]*$/, '');
  const time = head.querySelector('time');
  const { locale, zone } = time.dataset;
  time.textContent = new Date().toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone });
});

// A menu is put away by Esc and by a click elsewhere, as everywhere else.
const MENU = 'details:has(> .menu)';

document.addEventListener('keydown', (event) => {
  const open = event.key === 'Escape' && document.querySelector(`${MENU}[open]`);
  if (!open) return;
  const inside = open.contains(document.activeElement);
  open.open = false;
  if (inside) open.querySelector('summary').focus();
});

document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll(`${MENU}[open]`)) if (!menu.contains(target)) menu.open = false;
});
