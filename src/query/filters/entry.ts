import type { Knex } from 'knex';
import type { z } from 'zod';
import type { NameMatches } from '../../catalog/find-names.ts';
import type { Names } from '../../catalog/names.ts';
import type { Format } from '../../units/format.ts';
import type { Instant } from '../../units/time.ts';
import type { Dimensions } from '../dimensions.ts';

/** What a filter may have to know before it can say what it means in the databases; nobody else is asked for it. */
export type Knowledge = {
  dimensions: () => Promise<Dimensions>;
  findByName: (text: string) => Promise<NameMatches>;
  timeZone: string;
};

/** What a person reads is written with. */
type Wording = { names: Names; format: Format };

/** What the sums of a rollup are told apart by, besides their bucket. */
type RollupCell = { action: string; model: string };

/** Whether the records of a cell are meant. `at` is an instant of the cell's hour, null where it is of a whole day. */
export type CellTest = (cell: RollupCell, at: Instant | null) => boolean;
/** Whether an action and model are meant. */
export type KindTest = (kind: RollupCell) => boolean;
/** Whether the records of an hour, or of an instant, are meant. */
export type HourTest = (at: Instant) => boolean;
/** Which of the 24 hours of the business clock are meant. */
export type ClockHours = readonly boolean[];

/** The kept counts of stories: of one model or of all together (null), of one action or of each and all (null). */
export type StoryScope = { model: string | null; action: string | null };

/** Told by the action and model of a cell, of whatever bucket. */
type FromDays<Meant> = {
  from: 'days';
  passes(meant: Meant): KindTest;
  /** For what rollups can tell in part: two meanings that share no record, null for none. Without it they tell all. */
  split?(meant: Meant): { rollup: Meant | null; raw: Meant | null };
  /** Which kept counts of stories are of its records; null, as without it, where none are. */
  scope?(meant: Meant): Partial<StoryScope> | null;
};

/** Told by the business day of a cell: other days are not read. */
type FromDates<Meant> = { from: 'dates'; isIn(meant: Meant): HourTest };

/** Told by the hour of a cell: of whole days only these hours are read. */
type FromHours<Meant> = {
  from: 'hours';
  isIn(meant: Meant): HourTest;
  isClockHour(meant: Meant, hour: number): boolean;
};

/** What no rollup tells. Where no index does either, `counts` goes on with “are counted from the records themselves”. */
type FromRawRows = { from: 'raw rows'; counts?: string };

/** The same values where several are chosen at once; `unlisted` are so many more. */
export type SeveralChoices = { each: { value: string; label: string; checked: boolean }[]; unlisted: number };

/** How a field of the form is shown; `more` is opened on demand. */
export type FieldView = { place: 'bar' | 'more'; label: string } & (
  | { kind: 'choices'; choices: { value: string; label: string; selected: boolean }[]; several: SeveralChoices }
  | { kind: 'search' | 'text' | 'amount'; value: string; most: number; placeholder: string; title: string }
);

/** One of the values of a parameter that may be repeated, or the only one. */
export type One<Given> = Given extends readonly (infer Element)[] ? Element : Given;

/**
 * A filter: all that the program knows of it. `Given` is what a query holds of it, an array where its parameter may be
 * repeated; `Meant` is what that says in terms of the databases.
 */
export type Filter<Given, Meant = Given> = {
  /** Its name in addresses, files and on the command line. */
  parameter: string;
  many: Given extends readonly unknown[] ? true : false;
  /** Reads one value. Names of the database are taken as they are (`many`), all else without space around it. */
  schema: z.ZodType<One<Given>>;
  /** A value as an address writes it. */
  written(one: One<Given>): string;
  /** Why it does not go with what else is given, or null. */
  clash?(given: Given, others: Record<string, unknown>): string | null;

  meant(given: Given, knowledge: Knowledge): Meant | Promise<Meant>;
  /** As SQL on raw rows. */
  where(rows: Knex.QueryBuilder, meant: Meant): void;
  rollups: FromDays<Meant> | FromDates<Meant> | FromHours<Meant> | FromRawRows;

  /** Its chip, and its part of the sentence: "Calls whose [label] [said] or [said]"; `and`: "whose [label] [said] and whose …". */
  label: string;
  /** Of what was recorded, whosever costs are shown: its chip says so beside others. */
  isOfRecordedCost?: true;
  also: 'or' | 'and';
  /** In place of "whose". */
  whose?: string;
  said(one: One<Given>, wording: Wording): string;
  /** The filter, by its parameter, that means all records but those of a value; null where none does. */
  negated?(one: One<Given>): { parameter: string; one: unknown } | null;
  /** Ids in it that have names. */
  named?(given: Given): { authors?: string[]; stories?: string[] };
  /** Without it the form carries the filter along and does not show it. `given` is empty, or null, where nothing is. */
  field?(given: Given | null, dimensions: Dimensions, wording: Pick<Wording, 'format'>): FieldView;

  /** What `--help` says. */
  option: { value: string; help: string };
  openapi: { description: string; schema: Record<string, unknown> };
};

/** Any of them, as what goes through all of them sees it. */
export type AnyFilter = Omit<Filter<unknown, unknown>, 'many'> & { many: boolean };
