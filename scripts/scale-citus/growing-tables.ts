/**
 * The tables of backoffice_db that grow with the records, and the column of its keys that each can be divided by: by month on one server
 * (PostgreSQL's partitions), or over several.
 */
export const GROWING_TABLES = {
  ...{ usage_hours: 'hour', usage_hours_of_stories: 'hour', story_hours: 'hour', hour_fingerprints: 'hour' },
  ...{ usage_days: 'day', packed_days: 'day', story_days: 'day', day_tokens: 'day', rollup_days: 'day' },
};
