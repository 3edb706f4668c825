type Closable = { close: () => Promise<void> };

/** Closes what each test of a describe opened, the last first, also when the test fails: else mocha would never end. */
export function closing(): <T extends Closable>(opening: Promise<T>) => Promise<T> {
  const open: Closable[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  return async (opening) => {
    const one = await opening;
    open.push(one);
    return one;
  };
}
