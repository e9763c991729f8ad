/** Who wants to know what becomes of the page. */
export interface PageListener {
  /** The page is hidden for good, or is put aside: this is the last that can be done. */
  onHide(): void
  /** It is put into the back-forward cache, from which it may come back. */
  onPark(): void
  /** It has come back from there. */
  onReturn(): void
}

/** Tells of the page until what is returned is called. */
export function watchPage(listener: PageListener): () => void {
  if (typeof addEventListener !== 'function') return () => {}
  const onHide = (event: PageTransitionEvent) => {
    listener.onHide()
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
