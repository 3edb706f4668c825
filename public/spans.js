// Each bar of the chart leads to its part of the window. Several become one part where somebody drags over them, or goes from one to
// the next with Shift and an arrow key and then presses Enter.

const bars = () => [...document.querySelectorAll('.chart .marks a')];
const barAt = (target) => (target instanceof Element ? target.closest('.chart .marks a') : null);

/** The bars at which a span begins and ends, in either order; `held` while the button is. */
let span = null;

function drawSpan() {
  const all = bars();
  const [first, last] = span ? endsOf(all) : [-1, -2];
  all.forEach((bar, i) => {
    bar.classList.toggle('spanned', i >= first && i <= last);
  });
}

const endsOf = (all) => [all.indexOf(span.from), all.indexOf(span.to)].sort((a, b) => a - b);

function forgetSpan() {
  if (!span) return;
  span = null;
  drawSpan();
}

/** From where the first of its bars begins to where the last one ends, in place of what is shown, as a bar itself leads there. */
function openSpan() {
  const all = bars();
  const [first, last] = endsOf(all).map((i) => new URL(all[i].href));
  first.searchParams.set('to', last.searchParams.get('to'));
  const source = span.to;
  forgetSpan();
  const target = document.getElementById('usage');
  window.htmx.ajax('GET', first.pathname + first.search, { source, target, swap: 'outerHTML show:none', push: 'true' });
}

document.addEventListener('pointerdown', (event) => {
  forgetSpan();
  const bar = barAt(event.target);
  // A finger scrolls.
  if (bar && event.button === 0 && event.pointerType !== 'touch') span = { from: bar, to: bar, held: true };
});

document.addEventListener('dragstart', (event) => {
  if (barAt(event.target)) event.preventDefault();
});

document.addEventListener('pointermove', (event) => {
  const bar = barAt(event.target);
  if (!span?.held || !bar || bar === span.to) return;
  span.to = bar;
  drawSpan();
});

document.addEventListener('pointerup', () => {
  if (!span?.held) return;
  span.held = false;
  if (span.from === span.to) forgetSpan();
  else openSpan();
});

document.addEventListener('pointercancel', forgetSpan);

document.addEventListener('keydown', (event) => {
  const bar = barAt(event.target);
  if (!bar || span?.held) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.shiftKey && step) {
    const next = bars()[bars().indexOf(bar) + step];
    if (!next) return;
    event.preventDefault();
    span = { from: span?.from ?? bar, to: next, held: false };
    next.focus();
    drawSpan();
    const [first, last] = endsOf(bars()).map((i) => bars()[i].querySelector('b').textContent);
    say(first === last ? first : `${first} to ${last}: Enter shows them`);
  } else if (event.key === 'Enter' && span && span.from !== span.to) {
    event.preventDefault();
    openSpan();
  } else if (event.key === 'Escape') forgetSpan();
});

// Whoever goes on leaves it.
document.addEventListener('focusin', ({ target }) => {
  if (span && !span.held && target !== span.to) forgetSpan();
});
