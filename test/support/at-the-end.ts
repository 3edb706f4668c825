const closings: (() => Promise<void>)[] = [];

/** For what all files of a process share, such as one app: closed with `closeShared`. */
export function atTheEnd(close: () => Promise<void>): void {
  closings.push(close);
}

/** For a process that runs all files itself, which what it has opened would keep from ending: the last opened first. */
export async function closeShared(): Promise<void> {
  for (const close of closings.splice(0).reverse()) await close();
}
