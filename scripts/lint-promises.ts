import { promisesLeftAlone } from './lint-promises/rule.ts';

/** `npm run lint`: places where a promise is made without a handler, which can end the process. */
const places = promisesLeftAlone(process.cwd(), (file) => /^(src|scripts)\//.test(file));
for (const place of places) console.error(place);
if (places.length > 0) {
  console.error('A promise is awaited, returned, given to Promise.all with nothing between, or handled().');
  process.exit(1);
}
