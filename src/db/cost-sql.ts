/** What a raw row adds to a cost: nothing where its own is no number, which would make the whole sum none. */
export const COST_OF_ROW = `nullif(estimated_cost_in_euros, 'NaN')`;
export const IS_NO_NUMBER = `estimated_cost_in_euros = 'NaN'`;
