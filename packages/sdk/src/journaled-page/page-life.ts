/** Who wants to know what becomes of the page. */
export interface PageListener {
  /** The page goes, for good or into the back-forward cache: this is the last that can be done. */
  onHide(forCache: boolean): void
  /** It is put into the back-forward cache, from which it may come back. */
  onPark(): void
  /** It has come back from there. */
  onReturn(): void
}

/** Tells of the page until what is returned is called. */
export function watchPage(listener: PageListener): () => void {
  if (typeof addEventListener !== 'function') return () => {}
  const onHide = (event: PageTransitionEvent) => {
    listener.onHide(event.persisted)
    if (event.persisted) listener.onPark()
  }
  const onShow = ({ persisted }: PageTransitionEvent) => {
    if (persisted) listener.onReturn()
  }
  addEventListener('pagehide', onHide)
  addEventListener('pageshow', onShow)
  return () => {
    removeEventListener('pagehide', onHide)
    removeEventListener('pageshow', onShow)
  }
}
