/** A table of so many columns and rows. What a README does to its renderer is no concern of the API. */
export declare function table(columns: number, rows: number): string[][];
