/** Of the source's time ticks and audits take so large a share, more only where each comes once a minute. */
const SHARE = 1 / 50;
const MOST_MS = 60_000;

const waitFor = (ms: number) => Math.min(ms / SHARE, MOST_MS);

/**
 * When a tick may come again, and an audit with it, by what they took on the source; milliseconds. Each comes once a minute at least; an audit
 * has what the ticks leave of the share.
 */
export function createPace(clock: () => number = () => performance.now()) {
  let tickDue = Number.NEGATIVE_INFINITY;
  let auditBegan = Number.NEGATIVE_INFINITY;
  /** Since that audit began, its own time too. */
  let taken = 0;
  return {
    isTickDue: () => clock() >= tickDue,
    isAuditDue: () => clock() - auditBegan >= waitFor(taken),
    ticked: (ms: number) => {
      tickDue = clock() + waitFor(ms);
      taken += ms;
    },
    audited: (ms: number) => {
      auditBegan = clock() - ms;
      taken = ms;
    },
  };
}
