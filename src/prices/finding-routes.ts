import type { Request } from 'express';
import type { Knex } from 'knex';
import { NotFound } from '../units/failures/not-found.ts';
import { isUuid } from '../units/uuid.ts';
import { type Price, readPrice } from './store.ts';

/** The price that a path names, whether or not it was withdrawn. @throws NotFound */
export async function findPrice(backoffice: Knex, req: Request): Promise<Price> {
  const id = String(req.params.id);
  const price = isUuid(id) ? await readPrice(backoffice, id) : null;
  if (price === null) throw new NotFound('There is no such price.');
  return price;
}
