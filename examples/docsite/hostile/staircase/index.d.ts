/** Answers a letter, one level less deep. What a README does to its renderer is no concern of the API. */
export declare function answer(letter: string, depth?: number): string;
