import type { Router } from 'express';
import { accountPage } from './account/routes.ts';
import { usageApi } from './ai-usage/api/routes.ts';
import { EXPLORE_EXPORT } from './ai-usage/explore/export.ts';
import { explorePages } from './ai-usage/explore/routes.ts';
import type { UsageSources } from './ai-usage/frame/sources.ts';
import { LIST_EXPORTS } from './ai-usage/list/export.ts';
import { listPages } from './ai-usage/list/routes.ts';
import { notePages } from './ai-usage/notes/routes.ts';
import { OVERVIEW_EXPORT } from './ai-usage/overview/export.ts';
import { overviewPage, readOverviewsAhead } from './ai-usage/overview/routes.ts';
import { recordPage } from './ai-usage/record/routes.ts';
import { RECORDS_EXPORT } from './ai-usage/records/export.ts';
import { recordsPage } from './ai-usage/records/routes.ts';
import { REPRICED_EXPORT } from './ai-usage/repriced/export.ts';
import { repricedPage } from './ai-usage/repriced/routes.ts';
import { STATEMENT_EXPORT } from './ai-usage/statement/export.ts';
import { statementPages } from './ai-usage/statement/routes.ts';
import { STORY_EXPORT } from './ai-usage/story/export.ts';
import { storyPage } from './ai-usage/story/routes.ts';
import { SUBJECT_EXPORTS } from './ai-usage/subjects/export.ts';
import { subjectPages } from './ai-usage/subjects/routes.ts';
import { tieOutPage } from './ai-usage/tie-out/routes.ts';
import { UNIT_COSTS_EXPORT } from './ai-usage/unit-costs/export.ts';
import { unitCostsPage } from './ai-usage/unit-costs/routes.ts';
import { viewPages } from './ai-usage/views/routes.ts';
import { WHAT_IF_EXPORT } from './ai-usage/what-if/export.ts';
import { whatIfPage } from './ai-usage/what-if/routes.ts';
import { alertPages } from './alerts/alert/routes.ts';
import { alertsApi } from './alerts/api/routes.ts';
import { channelPages } from './alerts/channels/routes.ts';
import { RULES_EXPORT } from './alerts/overview/export.ts';
import { alertsOverview } from './alerts/overview/routes.ts';
import { rulePages } from './alerts/rule/routes.ts';
import { beginAnewAfterBudget } from './alerts/rule-changes.ts';
import { AUDIT_EXPORT } from './audit/export.ts';
import { auditPage } from './audit/routes.ts';
import { BILLS_EXPORT } from './bills/export.ts';
import { billImportPages } from './bills/import/routes.ts';
import { LADDER_EXPORT } from './bills/ladder/export.ts';
import { ladderPages } from './bills/ladder/routes.ts';
import { billPages } from './bills/routes.ts';
import { BUDGETS_EXPORT } from './budgets/export.ts';
import { budgetPages } from './budgets/routes.ts';
import type { DatabaseUrls } from './db/connect.ts';
import type { SendingSettings } from './delivery/send.ts';
import type { ExportPage } from './downloads/export-page.ts';
import { FINDINGS_EXPORT } from './findings/export.ts';
import { findingPages } from './findings/routes.ts';
import { PRICES_EXPORT } from './prices/export.ts';
import { proposalPages } from './prices/proposals/routes.ts';
import { RATES_EXPORT } from './prices/rates/export.ts';
import { ratePages } from './prices/rates/routes.ts';
import { pricePages } from './prices/routes.ts';
import { systemPage } from './system/routes.ts';
import type { AtOnce } from './web/download.ts';
import type { Render } from './web/render.ts';

/** What pages are made of: the databases by way of the reader, how numbers are printed and pages rendered, the limit of downloads, and how messages are sent. */
type AllDependencies = UsageSources & {
  render: Render;
  atOnce: AtOnce;
  sending: SendingSettings;
  databaseUrls: DatabaseUrls | null;
};

type Page = {
  routes: (dependencies: AllDependencies) => Router;
  /** Those of its tables that are files too, here and at the command line. */
  exports?: readonly ExportPage<UsageSources>[];
  /** Where it stands in the navigation of every page. */
  link?: { label: string; href: string };
};

/** Every page behind the sign-in, in the order of the navigation: a folder each, and a line here. */
export const PAGES: Page[] = [
  { routes: overviewPage, exports: [OVERVIEW_EXPORT], link: { label: 'Overview', href: OVERVIEW_EXPORT.path } },
  { routes: recordsPage, exports: [RECORDS_EXPORT], link: { label: 'Records', href: RECORDS_EXPORT.path } },
  { routes: explorePages, exports: [EXPLORE_EXPORT], link: { label: 'Explore', href: EXPLORE_EXPORT.path } },
  { routes: recordPage },
  { routes: viewPages, link: { label: 'Views', href: '/views' } },
  { routes: listPages, exports: Object.values(LIST_EXPORTS) },
  { routes: notePages },
  { routes: storyPage, exports: [STORY_EXPORT] },
  { routes: subjectPages, exports: Object.values(SUBJECT_EXPORTS) },
  { routes: statementPages, exports: [STATEMENT_EXPORT], link: { label: 'Statement', href: STATEMENT_EXPORT.path } },
  { routes: repricedPage, exports: [REPRICED_EXPORT] },
  { routes: whatIfPage, exports: [WHAT_IF_EXPORT] },
  { routes: unitCostsPage, exports: [UNIT_COSTS_EXPORT] },
  { routes: tieOutPage },
  { routes: usageApi },
  {
    routes: (dependencies) =>
      budgetPages({
        ...dependencies,
        rulesBeginAnew: (transaction, id, at) => beginAnewAfterBudget(dependencies, transaction, id, at),
      }),
    exports: [BUDGETS_EXPORT],
    link: { label: 'Budgets', href: BUDGETS_EXPORT.path },
  },
  { routes: proposalPages },
  { routes: pricePages, exports: [PRICES_EXPORT], link: { label: 'Prices', href: PRICES_EXPORT.path } },
  { routes: ratePages, exports: [RATES_EXPORT] },
  { routes: billPages, exports: [BILLS_EXPORT] },
  { routes: billImportPages },
  { routes: ladderPages, exports: [LADDER_EXPORT] },
  { routes: findingPages, exports: [FINDINGS_EXPORT] },
  { routes: alertsOverview, exports: [RULES_EXPORT], link: { label: 'Alerts', href: '/alerts' } },
  { routes: rulePages },
  { routes: channelPages },
  { routes: alertPages },
  { routes: alertsApi },
  { routes: accountPage },
  { routes: auditPage, exports: [AUDIT_EXPORT] },
  { routes: systemPage },
];

export const NAVIGATION = PAGES.flatMap(({ link }) => link ?? []);
export const EXPORT_PAGES = PAGES.flatMap(({ exports = [] }) => exports);

/** What the first person is likely to ask for, read in the background by a process that has just started. */
export const READ_AHEAD = readOverviewsAhead;
