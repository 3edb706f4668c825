import express, { type Router } from 'express';
import type { Databases, DatabaseUrls } from '../db/connect.ts';
import type { Format } from '../units/format.ts';
import { now } from '../units/time.ts';
import { panel } from '../web/panel.ts';
import { takes } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { readSystem } from './system.ts';

const SYSTEM_PATH = '/system';

type SystemDependencies = { databases: Databases; databaseUrls: DatabaseUrls | null; render: Render; format: Format };

/** How this program is: how fast it answers, what went wrong, what it does by the clock, and what its databases hold. */
export function systemPage({ databases, databaseUrls, render, format }: SystemDependencies): Router {
  const router = express.Router();
  router.get(SYSTEM_PATH, takes([]), async (req, res) => {
    const at = now();
    const system = await readSystem(databases, databaseUrls, format, at, (read) => panel(read(), req.log));
    const freshness = { asOf: at, asOfText: format.instant(at), renews: true };
    render(req, res, { title: 'System', view: 'system/system', data: { ...system, freshness, retry: SYSTEM_PATH } });
  });
  return router;
}
