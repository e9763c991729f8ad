/** A browser, as the shared suite sees it: as little as every engine's way of being driven can do. */
export interface Engine {
  /** Opens a page in a tab of its own, and resolves when it has loaded. */
  open(url: string): Promise<Tab>
  /** Ends the browser with all of its processes and removes what it wrote. May be called again. */
  quit(): Promise<void>
}

/** One page of a browser. */
export interface Tab {
  /**
   * Runs a function in the page and resolves with what it returned or its promise resolved with. The function goes
   * there as text: it sees the page's globals and its argument, nothing around it. Argument and result travel as
   * JSON. Rejects if the function throws.
   */
  evaluate<Result>(inPage: () => Result): Promise<Awaited<Result>>
  evaluate<Argument, Result>(
    inPage: (argument: Argument) => Result,
    argument: Argument,
  ): Promise<Awaited<Result>>
  /** Closes the tab as its user would, and resolves when the browser says that it is closed. */
  close(): Promise<void>
}

/** What WebKitGTK is driven with, each a path. */
export interface WebkitPrograms {
  /** WebKitWebDriver */
  driver: string
  /** MiniBrowser */
  browser: string
  /** Xvfb */
  display: string
}

/** How long a browser may take for one command, in ms: to start, to load a page, to run a function in it. */
export const commandDeadlineMs = 20_000
