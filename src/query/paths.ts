/** Addresses of the feature that more than one file links to. */
export const OVERVIEW_PATH = '/ai-usage';
export const RECORDS_PATH = '/ai-usage/records';
export const TIE_OUT_PATH = '/ai-usage/tie-out';
export const WHAT_IF_PATH = '/what-if';
