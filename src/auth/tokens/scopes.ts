import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';

/** What a token may be made for, in the words of the page that makes it. */
export const SCOPE_WORDS = {
  stats: 'Totals and breakdowns: /api/ai-usage/stats, /api/ai-usage/explore',
  records: 'Records, without prompts: /api/ai-usage/records',
  export: 'Every page as a file, and for admins records with prompts: .csv, .xlsx, .json, .ndjson',
  budgets: 'Budgets, read and, for admins, changed: /api/budgets',
  prices: 'Prices of models, read and, for admins, changed: /api/prices',
  bills: 'Bills of providers and what explains them: /api/bills',
  metrics: 'Metrics for Prometheus: /metrics',
} as const;

export type Scope = keyof typeof SCOPE_WORDS;
export const SCOPES = Object.keys(SCOPE_WORDS) as Scope[];

export const METRICS_PATH = '/metrics';

/** The routes of each scope; a token opens no others. */
const ROUTES: Record<Exclude<Scope, 'export'>, string[]> = {
  stats: ['/api/ai-usage/stats', '/api/ai-usage/explore'],
  records: ['/api/ai-usage/records'],
  budgets: ['/api/budgets', '/api/budgets/:id'],
  prices: ['/api/prices', '/api/prices/proposals', '/api/prices/:id'],
  bills: ['/api/bills', '/api/bills/:name'],
  metrics: [METRICS_PATH],
};
const READS = ['GET', 'HEAD'];
/** With which something may be changed. */
const CHANGING: readonly Scope[] = ['budgets', 'prices'];

const refuse = (res: Response, error: string, scope: Scope | null) => {
  const asked = scope === null ? '' : `, scope="${scope}"`;
  res.set('WWW-Authenticate', `Bearer realm="Mythoria Admin", error="insufficient_scope"${asked}`);
  res.status(403).json({ error });
};

/** Lets a token through to the routes of its scopes, and refuses it everything else. It stands before all that it guards. */
export function scopesOf(filePaths: readonly string[]): RequestHandler {
  // A router, so that addresses are understood as the routes behind it do.
  const router = express.Router();
  for (const [scope, paths] of Object.entries({ ...ROUTES, export: [...filePaths] }) as [Scope, string[]][]) {
    router.all(paths, (req: Request, res: Response, next: NextFunction) => {
      if (!CHANGING.includes(scope) && !READS.includes(req.method)) return next();
      if (req.caller?.token?.scopes.includes(scope)) return next('router');
      refuse(res, `This token has no scope “${scope}”, which this address takes.`, scope);
    });
  }
  router.use((_req, res) => refuse(res, 'Tokens do not open this address: sign in.', null));
  return (req, res, next) => (req.caller?.token ? router(req, res, next) : next());
}
