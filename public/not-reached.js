// What was asked for does not come: the numbers stay, the controls go back to what the numbers show, and it is said beside
// what was clicked. What was not reached is asked for again by itself.

const notReached = { beside: null, note: null, again: null, tries: 0, timer: 0 };

/** Whether an answer is this program's: one of a gateway or a hotel's network is not to be shown as its own. */
const isOurs = (headers) => headers.has('HX-Redirect') || /hx-request/i.test(headers.get('Vary') ?? '');

/** What a page of ours says that went wrong, and of which parameters. */
function wordsOf(html) {
  const page = document.createElement('template');
  page.innerHTML = html;
  const text = (selector) => page.content.querySelector(selector)?.textContent.trim();
  const problems = [...page.content.querySelectorAll('.problems li')].map((item) => {
    const parameter = item.querySelector('code').textContent;
    return { parameter, message: item.textContent.trim().slice(parameter.length).trim() };
  });
  return { problems, message: problems.length > 0 ? '' : [text('h1'), text('h1 ~ p')].filter(Boolean).join('. ') };
}

/** What was clicked or left, where that is not what was asked for again. */
function clicked({ sourceElement, sourceEvent }) {
  if (sourceElement.id === 'usage') return notReached.beside;
  if (sourceElement.tagName !== 'FORM') return sourceElement === document.body ? null : sourceElement;
  const field = sourceEvent.submitter ?? (sourceEvent.type === 'change' ? sourceEvent.target : document.activeElement);
  return sourceElement.contains(field) ? field : sourceElement.querySelector('input:not([type=hidden]), select');
}

function forget() {
  clearTimeout(notReached.timer);
  notReached.note?.remove();
  Object.assign(notReached, { beside: null, note: null, again: null });
}

const ofWhen = () => {
  const read = document.querySelector('.read-at time')?.textContent;
  return read ? `These are still the numbers of ${read}.` : 'The numbers are still those from before.';
};

/** Says it beside what was clicked; `again`, an address, is asked for by its button, and by itself where `waits`. */
function sayBeside(beside, message, again, waits) {
  // Asked for again in vain: said once is enough.
  if (notReached.note?.isConnected && notReached.message === message) {
    if (waits) later();
    return;
  }
  forget();
  const note = document.createElement('div');
  note.className = 'not-reached';
  note.setAttribute('role', 'alert');
  // Above tables that scroll and menus that end.
  note.popover = 'manual';
  const text = document.createElement('p');
  text.textContent = [message, again && ofWhen(), waits && 'It is tried again by itself.'].filter(Boolean).join(' ');
  note.append(text);
  if (again) {
    const button = document.createElement('button');
    button.textContent = 'Try again';
    button.type = 'button';
    button.addEventListener('click', () => tryAgain());
    note.append(button);
  }
  const at = beside?.isConnected ? beside : document.querySelector('#usage h1');
  (at.closest('label') ?? at).after(note);
  note.showPopover();
  const box = at.getBoundingClientRect();
  const left = Math.min(box.left, document.documentElement.clientWidth - note.offsetWidth - 8);
  note.style.left = `${Math.max(8, left) + scrollX}px`;
  note.style.top = `${box.bottom + scrollY + 6}px`;
  Object.assign(notReached, { beside: at, note, message, again });
  if (waits) later();
}

const MOST_SECONDS = 30;

function later() {
  const seconds = Math.min(2 ** (notReached.tries + 1), MOST_SECONDS);
  clearTimeout(notReached.timer);
  notReached.timer = setTimeout(() => {
    if (document.visibilityState === 'visible' && navigator.onLine && !isAtWork()) tryAgain();
    else later();
  }, 1000 * seconds);
}

function tryAgain() {
  if (!notReached.again) return;
  clearTimeout(notReached.timer);
  notReached.tries += 1;
  const section = document.getElementById('usage');
  const { target, push } = notReached.again.whole
    ? { target: document.body, push: 'false' }
    : { target: section, push: 'true' };
  const swap = notReached.again.whole ? 'outerSync' : 'outerHTML show:none';
  window.htmx.ajax('GET', notReached.again.address, { source: section, target, swap, push });
}

window.addEventListener('online', () => notReached.timer && tryAgain());

document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
  if (ctx.sourceElement.id === 'usage' && notReached.again) return;
  notReached.tries = 0;
  forget();
  for (const field of document.querySelectorAll('#usage [aria-invalid]')) sayOf(field, null);
});
document.addEventListener('htmx:after:swap', forget);

/** The controls as they were when the page came: what one has chosen is in the address that is asked for again. */
function failed(ctx, message, again, waits) {
  const beside = clicked(ctx);
  const whole = ctx.target === document.body;
  if (ctx.sourceElement.tagName === 'FORM') ctx.sourceElement.reset();
  sayBeside(beside, message, again && { address: ctx.request.action, whole }, waits);
}

const NOT_REACHED = 'The server was not reached.';
const concerns = (ctx) => ctx && (ctx.target?.id === 'usage' || ctx.target === document.body);

document.addEventListener('htmx:error', ({ detail: { ctx } }) => {
  // One that another click has taken the place of has nothing to say.
  if (concerns(ctx) && ctx === asking) failed(ctx, NOT_REACHED, true, true);
});

document.addEventListener('htmx:after:request', (event) => {
  const { ctx } = event.detail;
  const { status, headers } = ctx.response;
  if (!isOurs(headers)) {
    event.preventDefault();
    if (concerns(ctx)) failed(ctx, `${NOT_REACHED} Something else answered (${status}).`, true, true);
    return;
  }
  if (status < 400 || !concerns(ctx) || ctx.hx.redirect) return;
  event.preventDefault();
  const { problems, message } = wordsOf(ctx.text);
  const { sourceElement: form } = ctx;
  const fields = problems.filter(({ parameter, message }) => sayOf(form.elements?.[parameter], message));
  if (fields.length > 0 && fields.length === problems.length) {
    form.elements[fields[0].parameter].focus();
    return;
  }
  const other = problems.map(({ parameter, message }) => `${parameter} ${message}.`).join(' ');
  failed(ctx, other || `${message}`, status >= 429, status === 429 || status === 503);
});
