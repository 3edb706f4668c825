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

document.addEventListener('htmx:before:swap', () => {
  const { activeElement: active } = document;
  used =
    active && active !== document.body
      ? { tag: active.tagName, name: nameOf(active), in: landmark(active), field: active.name }
      : null;
});

document.addEventListener('htmx:after:swap', () => {
  const text = document.querySelector('[data-announce]')?.dataset.announce;
  if (text) say(text);
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
});
