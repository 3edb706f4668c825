import { AsyncLocalStorage } from 'node:async_hooks';

/** What one request, or one run of a job, has had done for it by now; milliseconds. */
export type Account = {
  /** In which at least one query was under way: two at once are waited for once. */
  databaseMs: number;
  renderingMs: number;
  /** By what was asked: how many queries, and what they took one by one. */
  asked: Map<string, { queries: number; ms: number }>;
  /** What queries took one by one, by the database that answered them. */
  msOf: Map<string, number>;
  underWay: number;
  busySince: number;
};

type Asking = { name: () => string; account: Account };

const asking = new AsyncLocalStorage<Asking>();

/** Nobody has said what a query is for: what the program asks when it starts, for one. */
const UNNAMED = 'other';

export function createAccount(): Account {
  return { databaseMs: 0, renderingMs: 0, asked: new Map(), msOf: new Map(), underWay: 0, busySince: 0 };
}

/** Everything that `work` asks is put down to an account, under a name that may be known only later, as a route is. */
export function onAccount<T>(account: Account, name: () => string, work: () => T): T {
  return asking.run({ name, account }, work);
}

/** Everything that `work` asks has this name, which is one of few: it becomes a label. */
export function named<T>(name: string, work: () => T): T {
  return asking.run({ name: () => name, account: asking.getStore()?.account ?? createAccount() }, work);
}

/** Puts a query of a database that begins now down to whoever asks it; returns its name, and what is to be called as it ends. */
export function queryBegins(database: string): { name: string; ends: (ms: number) => void } {
  const found = asking.getStore();
  if (!found) return { name: UNNAMED, ends: () => {} };
  const { account } = found;
  const name = found.name();
  if (account.underWay === 0) account.busySince = performance.now();
  account.underWay += 1;
  return {
    name,
    ends: (ms) => {
      account.underWay -= 1;
      if (account.underWay === 0) account.databaseMs += performance.now() - account.busySince;
      const before = account.asked.get(name) ?? { queries: 0, ms: 0 };
      account.asked.set(name, { queries: before.queries + 1, ms: before.ms + ms });
      account.msOf.set(database, (account.msOf.get(database) ?? 0) + ms);
    },
  };
}

/** Puts the time of making HTML down to the request at hand. */
export function rendering<T>(render: () => T): T {
  const began = performance.now();
  try {
    return render();
  } finally {
    const found = asking.getStore();
    if (found) found.account.renderingMs += performance.now() - began;
  }
}
