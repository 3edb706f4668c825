import type { WhoseCost } from '../../query/view.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import type { AnyRuleType } from './rule-type.ts';
import { BUDGET } from './types/budget.ts';
import { FORECAST } from './types/forecast.ts';
import { NEW } from './types/new.ts';
import { PRICE } from './types/price.ts';
import { SILENCE } from './types/silence.ts';
import { THRESHOLD } from './types/threshold.ts';
import { UNPRICED } from './types/unpriced.ts';
import { UNUSUAL } from './types/unusual.ts';

/** Every type of rules, by the word of its JSON: another one is a file beside these and a line here. */
const RULE_TYPES = {
  threshold: THRESHOLD,
  budget: BUDGET,
  forecast: FORECAST,
  unusual: UNUSUAL,
  new: NEW,
  unpriced: UNPRICED,
  silence: SILENCE,
  price: PRICE,
} as const;

export type RuleTypeName = keyof typeof RULE_TYPES;
export const RULE_TYPE_NAMES = Object.keys(RULE_TYPES) as [RuleTypeName, ...RuleTypeName[]];

/** The entry of a type, whose fields its own schema has read. */
export const ruleTypeOf = (name: RuleTypeName): AnyRuleType => RULE_TYPES[name] as unknown as AnyRuleType;

/** Whose costs a rule counts. */
export const whoseCostOf = (
  { type, fields }: { type: RuleTypeName; fields: Record<string, unknown> },
  budget: Budget | null,
): WhoseCost => ruleTypeOf(type).cost?.(fields, { budget }) ?? 'recorded';
