// Written by `npm run sync-workflows-schema`: do not edit.
export * from './enums';
export * from './story-generation';
export * from './token-usage';
