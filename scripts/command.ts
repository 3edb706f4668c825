import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { BadInput } from '../src/units/failures/bad-input.ts';
import { reasonOf } from '../src/units/failures/reason.ts';

/** `value` names what a string takes, as the help shows it. */
type Option = { type: 'boolean' | 'string'; value?: string; multiple?: boolean; help: string };
type Options = Record<string, Option>;

type Values<O extends Options> = {
  [Name in keyof O]?: O[Name] extends { type: 'boolean' }
    ? boolean
    : O[Name] extends { multiple: true }
      ? string[]
      : string;
};

/** `example` is what follows `npm run NAME -- `, or `npm run NAME ` where it begins with a word; or nothing. */
type Command<O extends Options> = {
  name: string;
  does: string;
  example: string;
  options: O;
  /** The option that a word alone is the value of. */
  word?: string;
};

/** The command line is wrong: it says what, and the command exits with 2. */
export class UsageError extends Error {}

const HELP = { help: { type: 'boolean', help: 'print this and do nothing' } } as const satisfies Options;

/**
 * Runs a command: the only way in for every script of package.json. Exits with 0, with 1
 * when it fails, with 2 when the command line is wrong. What went wrong is one line, with a stack only at LOG_LEVEL=debug.
 */
export async function command<const O extends Options>(
  described: Command<O>,
  run: (values: Values<O>) => Promise<void>,
): Promise<void> {
  try {
    const values = read({ ...described.options, ...HELP }, described.word);
    if (values.help) console.log(helpOf(described));
    else await run(values as Values<O>);
  } catch (error) {
    report(described.name, error);
  }
}

/** The process was told to end before its work was done. */
class Interrupted extends Error {
  readonly exitCode: number;
  constructor(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP') {
    super(`broken off by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Work that is to be put away when the process is told to end: the first signal aborts it, and those that follow change
 * nothing, for a supervisor and a terminal may both send one: what is left behind is removed first. @throws Interrupted
 */
export async function interruptible(work: (interrupted: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => controller.abort(new Interrupted(signal)));
  try {
    await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  }
}

/** @throws UsageError naming an option that is unknown, without or with an empty value or given twice, or a word that is no option */
function read(options: Options, word?: string): Record<string, unknown> {
  const { values, tokens } = parsed(options, word !== undefined);
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind === 'positional' && word !== undefined) {
      if (given.has(word)) throw new UsageError(`--${word} is given twice`);
      given.add(word);
      values[word] = token.value;
    }
    if (token.kind !== 'option') continue;
    if (token.value?.trim() === '')
      throw new UsageError(`--${token.name} takes ${options[token.name]?.value}; it was empty`);
    if (options[token.name]?.multiple) continue;
    if (given.has(token.name)) throw new UsageError(`--${token.name} is given twice`);
    given.add(token.name);
  }
  return values;
}

function parsed(options: Options, allowPositionals: boolean) {
  try {
    return parseArgs({ options, allowPositionals, tokens: true });
  } catch (error) {
    // Node adds advice on passing such words as arguments, of which no command takes any.
    const [what = ''] = (error as Error).message.split(/\.\s/);
    throw new UsageError(what);
  }
}

function report(name: string, error: unknown): void {
  const usage = error instanceof UsageError || error instanceof BadInput;
  // Parameters of a page have the names of the options that give them.
  const reason =
    error instanceof BadInput
      ? error.details.map(({ parameter, message }) => `--${parameter} ${message}`).join('; ')
      : reasonOf(error);
  console.error(`${name}: ${reason}`);
  if (error instanceof Interrupted) {
    process.exitCode = error.exitCode;
    return;
  }
  if (usage) console.error(`npm run ${name} -- --help says what it takes.`);
  // biome-ignore lint/style/noProcessEnv: a configuration that cannot be read is reported here too
  if (process.env.LOG_LEVEL === 'debug') console.error((error as Error).stack);
  process.exitCode = usage ? 2 : 1;
}

function helpOf({ name, does, example, options }: Command<Options>): string {
  const entries = Object.entries<Option>({ ...options, ...HELP }).map(([option, { value, multiple, help }]) => ({
    left: `  --${option}${value ? ` ${value}` : ''}`,
    right: multiple ? `${help} (repeatable)` : help,
  }));
  const width = Math.max(...entries.map(({ left }) => left.length)) + 2;
  return [
    does,
    '',
    ...entries.map(({ left, right }) => left.padEnd(width) + right.replaceAll('\n', `\n${' '.repeat(width)}`)),
    '',
    `Example: npm run ${name}${example ? `${example.startsWith('-') ? ' --' : ''} ${example}` : ''}`,
  ].join('\n');
}
