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
  let hidden = false
  const onHide = (event: PageTransitionEvent) => {
    if (hidden) return
    listener.onHide(event.persisted)
    if (event.persisted) listener.onPark()
    hidden = true
  }
  // Firefox ends the process of a tab while its listeners run: the first one may be cut off, the next one makes up for it.
  const onHideAgain = (event: PageTransitionEvent) => onHide(event)
  const onShow = ({ persisted }: PageTransitionEvent) => {
    hidden = false
    if (persisted) listener.onReturn()
  }
  addEventListener('pagehide', onHide)
  addEventListener('pagehide', onHideAgain)
  addEventListener('pageshow', onShow)
  return () => {
    removeEventListener('pagehide', onHide)
    removeEventListener('pagehide', onHideAgain)
    removeEventListener('pageshow', onShow)
  }
}
