import { type MicroEuros, microEuros, NO_EUROS, plus } from '../../units/money.ts';

/**
 * What one call costs, in whole numbers: (input tokens × `perInput` + output tokens × `perOutput` + images × `perImage`) ÷ `scale`
 * micro-euros, halves up. `tokensPerImage` is how many output tokens an image is guessed from; null: a call makes one.
 */
export type RowPrice = Record<'perInput' | 'perOutput' | 'perImage' | 'scale', number> & {
  tokensPerImage: number | null;
  /** The same four, where numbers would not hold them exactly. */
  exact: Record<'perInput' | 'perOutput' | 'perImage' | 'scale', bigint>;
};

/** Rates in a currency, as exact decimals ("1.25"): per million tokens in and out, per image, per thousand characters (input tokens). */
export type Rates = {
  inputPerMillion: string | null;
  outputPerMillion: string | null;
  perImage: string | null;
  perThousandCharacters: string | null;
  tokensPerImage: number | null;
};

/** Decimals of rates, and of how many of a currency a euro is. */
const RATE_DECIMALS = 9;
const EXCHANGE_DECIMALS = 8;

/** An exact decimal as so many of its smallest unit. @throws RangeError for more decimals, or anything that is no number */
function units(decimal: string, decimals: number): bigint {
  const match = /^(\d+)(?:\.(\d+?)0*)?$/.exec(decimal);
  const fraction = match?.[2] ?? '';
  if (!match || fraction.length > decimals) throw new RangeError(`not a decimal of ${decimals} places: ${decimal}`);
  return BigInt((match[1] as string) + fraction.padEnd(decimals, '0'));
}

function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b);
}

/** So many of the rates' currency are so many euros: as exact where a euro is said in it ("1.13607") as where it is said in euros ("0.92"). */
export type Exchange = { foreign: bigint; euros: bigint };

export const NO_EXCHANGE: Exchange = { foreign: 1n, euros: 1n };
const ONE = 10n ** BigInt(EXCHANGE_DECIMALS);
/** How many of a currency a euro is. */
export const perEuro = (rate: string): Exchange => ({ foreign: units(rate, EXCHANGE_DECIMALS), euros: ONE });
/** How many euros one of a currency is. */
export const inEuros = (rate: string): Exchange => ({ foreign: ONE, euros: units(rate, EXCHANGE_DECIMALS) });

/** Euros per million tokens are micro-euros per token. */
export function rowPrice(rates: Rates, { foreign, euros }: Exchange): RowPrice {
  const of = (rate: string | null) => (rate === null ? 0n : units(rate, RATE_DECIMALS));
  const whole = {
    perInput: (of(rates.inputPerMillion) + 1_000n * of(rates.perThousandCharacters)) * euros,
    perOutput: of(rates.outputPerMillion) * euros,
    perImage: 1_000_000n * of(rates.perImage) * euros,
    scale: 10n ** BigInt(RATE_DECIMALS) * foreign,
  };
  const divisor = Object.values(whole).reduce(commonDivisor);
  const exact = Object.fromEntries(
    Object.entries(whole).map(([name, value]) => [name, value / divisor]),
  ) as RowPrice['exact'];
  const { tokensPerImage } = rates;
  return {
    ...{ perInput: Number(exact.perInput), perOutput: Number(exact.perOutput) },
    ...{ perImage: Number(exact.perImage), scale: Number(exact.scale), tokensPerImage, exact },
  };
}

const LARGEST = Number.MAX_SAFE_INTEGER / 4;

const imagesOf = ({ tokensPerImage }: RowPrice, output: number) =>
  tokensPerImage === null ? 1 : Math.max(1, Math.round(output / tokensPerImage));

/** What one call costs, halves up. */
export function costOfRow(price: RowPrice, input: number, output: number): MicroEuros {
  const { perInput, perOutput, perImage, scale } = price;
  const images = perImage === 0 ? 0 : imagesOf(price, output);
  const size = Math.abs(input) * perInput + Math.abs(output) * perOutput + images * perImage;
  // As doubles they are exact, and so is the whole part of their quotient.
  if (size <= LARGEST && scale <= LARGEST) {
    const doubled = 2 * (input * perInput + output * perOutput + images * perImage) + scale;
    return microEuros(Math.floor(doubled / (2 * scale)));
  }
  const { exact } = price;
  const doubled =
    2n * (BigInt(input) * exact.perInput + BigInt(output) * exact.perOutput + BigInt(images) * exact.perImage) +
    exact.scale;
  const by = 2n * exact.scale;
  const quotient = doubled / by;
  return microEuros(Number(doubled < 0n && doubled % by !== 0n ? quotient - 1n : quotient));
}

/** What a token costs in micro-euros, exactly: so many for each `scale` of tokens. */
export type TokenRate = { perToken: bigint; scale: bigint };

/** A rate per million tokens as one of a token. */
export const tokenRate = (rate: string, { foreign, euros }: Exchange): TokenRate => ({
  perToken: units(rate, RATE_DECIMALS) * euros,
  scale: 10n ** BigInt(RATE_DECIMALS) * foreign,
});

/** A price for calls of more than so many input tokens. */
export type Tier = { above: number; price: RowPrice };

/** What several calls cost, each rounded by itself. `tiers`: those of most tokens first, and one for all last. */
export function costOfRows(tiers: readonly Tier[], inputs: ArrayLike<number>, outputs: ArrayLike<number>): MicroEuros {
  let sum = NO_EUROS;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i] as number;
    sum = plus(sum, costOfRow(tierPrice(tiers, input), input, outputs[i] as number));
  }
  return sum;
}

/** The price of a call of so many input tokens. */
export function tierPrice(tiers: readonly Tier[], input: number): RowPrice {
  for (const { above, price } of tiers) if (input > above || above === 0) return price;
  throw new RangeError('a price without a tier for all calls');
}

/** What calls cost of which only sums are known; null where each is rounded by itself, or guessed from its own tokens. */
export function costOfSums(
  tiers: readonly Tier[],
  { requests, inputTokens, outputTokens }: { requests: number; inputTokens: number; outputTokens: number },
): MicroEuros | null {
  const [{ price }] = tiers as [Tier];
  const { perInput, perOutput, perImage, scale, tokensPerImage } = price;
  if (tiers.length > 1 || scale !== 1 || (perImage !== 0 && tokensPerImage !== null)) return null;
  const parts = [inputTokens * perInput, outputTokens * perOutput, requests * perImage];
  return parts.every((part) => Math.abs(part) <= LARGEST) ? microEuros(parts.reduce((a, b) => a + b)) : null;
}
