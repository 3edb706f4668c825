import express, { type Router } from 'express';
import type { Databases } from '../db/connect.ts';
import { pricesApi } from './api-routes.ts';

/** What models cost: the JSON of docs/openapi.yaml. */
export function pricePages({ databases }: { databases: Pick<Databases, 'backoffice'> }): Router {
  const router = express.Router();
  router.use(pricesApi(databases.backoffice));
  return router;
}
