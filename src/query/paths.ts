import type { Month } from '../units/calendar.ts';

/** Addresses that more than one file links to. */
export const OVERVIEW_PATH = '/ai-usage';
export const RECORDS_PATH = '/ai-usage/records';
export const NOTES_PATH = '/ai-usage/notes';
export const TIE_OUT_PATH = '/ai-usage/tie-out';
export const WHAT_IF_PATH = '/what-if';
export const BILLS_PATH = '/bills';

export const billPath = (provider: string, month: Month): string =>
  `${BILLS_PATH}/${encodeURIComponent(provider)}?month=${month}`;
