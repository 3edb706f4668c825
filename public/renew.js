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
const isAtWork = () =>
  document.querySelector('.htmx-request, :popover-open:not(.not-reached)') ||
  [...document.querySelectorAll(typing)].some(changed);

const failedIn = (within) => within.querySelectorAll('.failed').length;

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
    if (!isOurs(answer.headers) || !answer.ok || !hasNumbers) return say('These numbers could not be read again');
    // Meanwhile one may have gone on, or begun to type.
    if (location.href !== address || !section.isConnected || isAtWork()) return;
    rememberFocus();
    const inPlace = keepPlace(section);
    section.replaceWith(read.content);
    const again = document.getElementById('usage');
    window.htmx?.process(again);
    inPlace(again);
    focusAgain();
    retitle();
    shownSince = Date.now();
    say(['Read again', announced()].filter(Boolean).join(': '));
  } catch {
    say('These numbers could not be read again');
  } finally {
    renewing = false;
  }
}

document.addEventListener('htmx:after:swap', () => {
  shownSince = Date.now();
});
document.addEventListener('visibilitychange', renew);
window.addEventListener('focus', renew);
window.addEventListener('pageshow', (event) => event.persisted && renew());
