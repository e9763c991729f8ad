/** Property names that a minifier must leave alone in a page's build. */
export declare const publicNames: string[]
