// A date is typed in pieces, and each piece makes a date of its own: the year 2, 20, 202. It is sent when it is whole and its
// field has been left, and what is wrong with it is said beside it.

const dates = 'input[type="date"], input[type="datetime-local"]';
const isDate = (target) => target instanceof Element && target.matches(dates);
const datesOf = (form) => [...form.querySelectorAll(dates)];

function problemOf(field) {
  if (field.validity.badInput) return 'This is not a whole date.';
  // Years of five digits are asked for in an address, with a sign: +012026-01-01.
  if (field.validity.rangeOverflow) return 'This takes years up to 9999.';
  const to = field.name === 'from' && field.form.elements.to;
  // As text they stand in the order of time, where both have four digits for the year.
  const both = to && to.type === field.type && field.value && to.value && !to.validity.rangeOverflow;
  if (both && field.value > to.value) return 'This is after “To”.';
  return null;
}

/** Says beside a field what is wrong with it, or (null) nothing any more; false where there is no field to say it beside. */
function sayOf(field, problem) {
  if (!field?.matches?.(typing) || field.type === 'hidden') return false;
  let note = field.parentElement.querySelector('.field-problem');
  if (problem === null) {
    note?.remove();
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
    return true;
  }
  if (!note) {
    note = document.createElement('span');
    note.className = 'field-problem';
    note.id = `problem-of-${field.name}`;
    note.setAttribute('role', 'alert');
    field.after(note);
  }
  note.textContent = problem;
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-describedby', note.id);
  return true;
}

/** Whether something is wrong with a field; it is said beside it. */
function judge(field) {
  const problem = problemOf(field);
  sayOf(field, problem);
  return problem !== null;
}

/** Forms that are on their way: what takes their place takes the focus from their fields as well, which is no leaving. */
const sent = new WeakSet();

/** What is on its way would take the place of what one has begun to type. */
function goOn(form) {
  sent.delete(form);
  form.dispatchEvent(new Event('htmx:abort'));
}

window.addEventListener('keydown', ({ target }) => isDate(target) && target.form && goOn(target.form), true);

// Before htmx, which listens at the form: the picker and every digit are a change.
window.addEventListener(
  'change',
  (event) => {
    const { target } = event;
    if (!isDate(target) || !target.form) return;
    event.stopPropagation();
    goOn(target.form);
    // At once, not when it is left: a button would move away from under the click.
    for (const field of datesOf(target.form)) if (field.hasAttribute('aria-invalid')) judge(field);
  },
  true,
);

window.addEventListener('focusout', ({ target }) => {
  if (!isDate(target) || !target.form || sent.has(target.form)) return;
  const { form } = target;
  const wrong = datesOf(form).filter(judge).length > 0;
  const changed = datesOf(form).some((field) => field.value !== field.defaultValue);
  if (wrong || !changed || !sendsByItself(form)) return;
  sent.add(form);
  form.requestSubmit();
});

window.addEventListener(
  'submit',
  (event) => {
    const wrong = datesOf(event.target).filter(judge);
    if (wrong.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    wrong[0].focus();
  },
  true,
);

// The browser's own words for it would open at every field that is left.
const inOwnWords = () => {
  for (const field of document.querySelectorAll(dates)) if (field.form) field.form.noValidate = true;
};
inOwnWords();
document.addEventListener('htmx:after:swap', inOwnWords);
