import { aboutModelWithEnd } from '../catalog/models.ts';
import { written } from '../catalog/written.ts';
import type { Format } from '../units/format.ts';
import { whichCalls } from './price-tables.ts';
import { type Price, RATES } from './store.ts';
import { pricePath } from './terms.ts';

/** What the page of a price says besides its history. */
export function pricePage(price: Price, format: Format) {
  const { id, model, from, currency, outputTokensPerImage, source, createdAt, createdBy, withdrawn } = price;
  const noteOf = (name: string) =>
    name === 'perImage' && outputTokensPerImage !== null
      ? `an image for every ${format.integer(outputTokensPerImage)} output tokens, one at least`
      : '';
  const tiles = RATES.flatMap(({ name, label }) => {
    const { [name]: rate } = price;
    return rate === null ? [] : { label, text: format.rate(Number(rate), currency), note: noteOf(name) };
  });
  return {
    name: written(model),
    about: model.includes('*') ? 'Every model of this pattern, * for any text' : aboutModelWithEnd(model, format),
    calls: whichCalls(price, format),
    from: format.longDay(from),
    tiles,
    source,
    added: `${format.minute(createdAt)}, ${createdBy}`,
    withdrawn: withdrawn && `${format.minute(withdrawn.at)}, ${withdrawn.by}`,
    withdraw: `${pricePath(id)}/withdraw`,
  };
}
