/** The JSON of the page that this one replaces, which its callers go on reading, and what was added to it. */
type ModelJson = {
  model: string;
  provider: string;
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  totalCost: number;
  requests: number;
  averageCostPerRequest: number;
};

type ActionJson = {
  action: string;
  totalCost: number;
  requests: number;
  inputTokens: number;
  outputTokens: number;
  uniqueStories: number;
  averageCostPerRequest: number;
  averageCostPerStory: number;
};

type DayJson = {
  date: string;
  totalCost: number;
  requests: number;
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
};

export type StatsJson = {
  totalCost: number;
  totalTokens: number;
  totalInputTokens: number;
  totalOutputTokens: number;
  totalRequests: number;
  requestsWithoutNumber: number;
  uniqueStories: number;
  averageCostPerRequest: number;
  modelBreakdown: ModelJson[];
  actionBreakdown: ActionJson[];
  dailyUsage: DayJson[];
  topModels: ModelJson[];
  window: { from: string | null; to: string };
  timeZone: string;
  asOf: string;
  auditedUntil: string | null;
};

type RecordJson = {
  tokenUsageId: string;
  authorId: string;
  storyId: string;
  action: string;
  aiModel: string;
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  estimatedCostInEuros: string;
  createdAt: string;
};

export type RecordsJson = {
  records: RecordJson[];
  total: number;
  notInTotal: string[];
  page: number;
  pageSize: number;
  totalPages: number;
  after: string | null;
  before: string | null;
  pagesWithoutNumber: { from: number; to: number; message: string } | null;
  asOf: string;
};
