declare const unit: unique symbol;

/** A number or a text that stands for one thing only: the type checker refuses any other in its place. Only makers in units/ make one. */
export type Branded<T, Unit extends string> = T & { readonly [unit]: Unit };

/** A number or a text of no such unit: a count, a text that is still to be read. The type checker refuses amounts, days and instants. */
export type Plain<T> = T & { readonly [unit]?: never };
