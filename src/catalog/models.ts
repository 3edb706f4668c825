import type { Format } from '../units/format.ts';
import { remembered } from '../units/remembered.ts';
import { type Family, type ModelKind, PROVIDERS, type Provider } from './model-families.ts';
import { COMMON_WORDS, GATEWAYS, KIND_WORDS, REGIONS, TASK_WORDS, VARIANT_WORDS } from './model-words.ts';
import { RETIREMENTS, type Retirement } from './retired-models.ts';

export const UNKNOWN_PROVIDER = 'Unknown';

/** Who made a model, and what it is; family and kind are null where the name tells only the provider, or nothing. */
export type ModelInfo = { provider: string; family: string | null; kind: ModelKind | null };

type Pattern = Omit<Family, 'openWords'> & { provider: string; pattern: RegExp; openWords: Set<string> | null };

const UNKNOWN: ModelInfo = { provider: UNKNOWN_PROVIDER, family: null, kind: null };
const MOST_REMEMBERED = 5_000;
/** How many words in front of a name are passed over: `databricks-meta-llama-3`. */
const MOST_PREFIXES = 2;

const setOf = (words: string) => new Set(words.split(' ').filter(Boolean));
const commonWords = setOf(COMMON_WORDS);
const pathWords = setOf(`${COMMON_WORDS} ${TASK_WORDS}`);
const gateways = setOf(GATEWAYS);
const regions = setOf(REGIONS);
const variantWords = setOf(
  [COMMON_WORDS, TASK_WORDS, VARIANT_WORDS, GATEWAYS, ...KIND_WORDS.map(([, words]) => words)]
    .concat(PROVIDERS.flatMap(({ families }) => families.map(({ openWords = '' }) => openWords)))
    .join(' '),
);
const kindWords = KIND_WORDS.map(([kind, words]) => [kind, setOf(words)] as const);
const spaces = new Map<string, Provider>(
  PROVIDERS.flatMap((one) => [...setOf(one.spaces)].map((space) => [space, one] as const)),
);
const brands = new Map(PROVIDERS.flatMap(({ provider, brands }) => [...setOf(brands)].map((word) => [word, provider])));
/** The longest first: of `azure-openai-gpt-4o`, `azure-openai` is what stands in front. */
const prefixes = [...spaces.keys(), ...gateways].sort((a, b) => b.length - a.length);
const patterns = PROVIDERS.flatMap(({ provider, families }) =>
  families.map(
    ({ openWords, ...family }): Pattern => ({
      ...family,
      provider,
      pattern: new RegExp(`^(?:${family.name.replaceAll('#', '(?:\\d+(?:[.p]\\d+)*)?')})(?=$|[ -/:-@[-\`{-~])`),
      openWords: openWords === undefined ? null : setOf(openWords),
    }),
  ),
);
const inSpace = patterns.filter(({ name }) => name.includes('/'));
const anywhere = patterns.filter(({ name }) => !name.includes('/'));

const VERSION = /^[vr]?\d+(?:p\d+)?$/;
const SIZE = /^[ae]?\d+(?:[xp]\d+)?[bmkte]$/;
const PRECISION = /^(?:(?:fp|bf|int|nf|q|w)\d+(?:a\d+)?|(?:mx|nv)fp\d*|\d+bit)$/;

/**
 * Who made a model, told by its name as any gateway writes it. Takes time in proportion to the name; a name that could
 * be somebody else's is nobody's.
 */
export const modelInfo: (name: string) => ModelInfo = remembered(infoOf, MOST_REMEMBERED);

/** Who makes a model, by its name; `UNKNOWN_PROVIDER` where nothing tells. */
export const providerOf = (model: string): string => modelInfo(model).provider;

/** What is known of a model in words: "OpenAI · GPT · text". */
export function aboutModel(name: string): string {
  const { provider, family, kind } = modelInfo(name);
  return [...new Set([provider, family, kind])].filter((word) => word !== null).join(' · ');
}

// gpt-5-2025-08-07, claude-sonnet-4-5-20250929, claude-sonnet-4-5@20250929.
const DATED = /^(.+)[-@](?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/** `gpt-5-2025-08-07` as `gpt-5`; null for a name without a date. */
export const withoutDate = (model: string): string | null => DATED.exec(model)?.[1] ?? null;

const retirements = new Map(RETIREMENTS.flatMap((one) => one.models.map((model) => [model, one] as const)));

/** From when on its maker answers no calls of a model, by its name or its name without a date; null where nothing is known of an end. */
const retirementOf = (name: string): Retirement | null =>
  retirements.get(name) ?? retirements.get(withoutDate(name) ?? '') ?? null;

/** "retired from 11 Dec 2026", of days past and to come; empty where nothing is known of an end. */
export function retirementInWords(name: string, format: Format): string {
  const retirement = retirementOf(name);
  return retirement === null ? '' : `retired from ${format.mediumDay(retirement.from)}`;
}

/** The same with who says so, after what is known of it in words: "OpenAI · GPT · text; retired from …, says …". */
export function aboutModelWithEnd(name: string, format: Format): string {
  const retirement = retirementOf(name);
  const about = aboutModel(name);
  return retirement === null ? about : `${about}; ${retirementInWords(name, format)}: ${retirement.source}`;
}

function infoOf(name: string): ModelInfo {
  const path = pathOf(name);
  for (let last = path.pop(); last !== undefined; last = path.pop()) {
    const info = infoIn(path.at(-1) ?? '', last);
    if (info !== UNKNOWN || !wordsOf(last).every((word) => isPlain(word, pathWords))) return info;
  }
  return UNKNOWN;
}

/**
 * The parts of a name between slashes; of a fine-tuned one (`ft:gpt-4o:acme::id`, and as they were written before,
 * `davinci:ft-acme-2022`) up to what it was made from.
 */
function pathOf(name: string): string[] {
  const text = name.trim().toLowerCase().replaceAll(/[\s_]/g, '-');
  const tuned = text.startsWith('ft:') ? 0 : text.indexOf('/ft:') + 1;
  const isTuned = text.startsWith('ft:', tuned);
  const base = isTuned ? text.slice(0, tuned) + text.slice(tuned + 3).split(':', 1)[0] : text;
  return base
    .replace(/[:.]ft-.*$/s, '')
    .split('/')
    .map((part) => part.replace(/^hf:/, ''))
    .filter((part) => part !== '' && part !== 'models');
}

/** What a part of a path is, behind the part before it. */
function infoIn(before: string, part: string): ModelInfo {
  let space = before;
  let model = part;
  for (let dot = model.indexOf('.'); dot > 0; dot = model.indexOf('.')) {
    const head = model.slice(0, dot);
    if (spaces.has(head)) space = head;
    else if (!regions.has(head)) break;
    model = model.slice(dot + 1);
  }
  const found = familyOf(model, space);
  if (found) return { provider: found.provider, family: found.family, kind: kindOf(model, found.kind) };
  const owner = spaces.get(space);
  return owner && !owner.protocol ? { provider: owner.provider, family: null, kind: kindOf(model, null) } : UNKNOWN;
}

function familyOf(model: string, space: string, depth = 0): Pattern | null {
  const own = depth === 0 ? spaces.get(space)?.provider : undefined;
  // What is known by its namespace goes before what is known by its name alone.
  const found =
    inSpace.find((pattern) => fits(pattern, `${space}/${model}`, own)) ??
    anywhere.find((pattern) => fits(pattern, model, own));
  if (found || depth === MOST_PREFIXES) return found ?? null;
  const prefix = prefixes.find((one) => model.startsWith(one) && /[-:.]/.test(model.charAt(one.length)));
  if (prefix === undefined) return null;
  const behind = familyOf(model.slice(prefix.length).replace(/^[-:.]+/, ''), prefix, depth + 1);
  return gateways.has(prefix) || spaces.get(prefix)?.provider === behind?.provider ? behind : null;
}

/** Whether a name is of a family: it begins like one, and behind that are only words that its maker may have put there. */
function fits({ pattern, provider, openWords, derived }: Pattern, name: string, own: string | undefined): boolean {
  const begin = pattern.exec(name)?.[0];
  if (begin === undefined) return false;
  if (own === provider && (derived || openWords)) return true;
  const rest = wordsOf(name.slice(begin.length));
  if (openWords) return rest.every((word) => isPlain(word, commonWords) || openWords.has(word));
  return rest.every((word) => {
    const maker = brandOf(word);
    if (maker !== undefined) return derived || maker === provider;
    return isPlain(word, variantWords) || variantWords.has(word.replace(/\d+$/, ''));
  });
}

/** Whose name a word is: `gpt4` is OpenAI's. */
const brandOf = (word: string): string | undefined => brands.get(word.replace(/\d+$/, ''));

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean);

function isPlain(word: string, plain: Set<string>): boolean {
  return plain.has(word) || VERSION.test(word) || SIZE.test(word) || PRECISION.test(word);
}

function kindOf(model: string, kind: ModelKind | null): ModelKind | null {
  if (kind !== null && kind !== 'text' && kind !== 'speech') return kind;
  const words = wordsOf(model);
  return kindWords.find(([, those]) => words.some((word) => those.has(word)))?.[0] ?? kind;
}
