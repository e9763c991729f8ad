import type { TraceEvent } from '@lastword/sdk'
import { describe, expect, it } from 'vitest'
import { renderReport } from '../demo/report-html.ts'

const seen = { sid: 's', side: 'client', link: 1 } as const
const round: TraceEvent[] = [
  {
    ...seen,
    at: 100,
    type: 'envelope',
    dir: 'out',
    frame: 1,
    bytes: 90,
    envelope: { t: 'msg', seq: 1, ch: '<offer>' },
  },
  { ...seen, at: 101, type: 'link-opened' },
  { ...seen, at: 110, type: 'link-ended', code: 1006, reason: '', clean: false },
]

describe('the report', () => {
  const html = renderReport({ cells: [], ladder: round, platform: 'undici', seconds: 3, interrupted: false })

  it('draws the round that was traced', () => {
    expect(html).toContain('msg 1 &lt;offer&gt;')
    expect(html).toContain('link 1 of the client is lost: 1006')
  })

  it('asks for nothing from anywhere', () => {
    expect(html).not.toMatch(/<(script|link|img|iframe)\b|@import|url\((?!#)|https?:/)
  })

  it('leaves the diagram out if nothing was traced', () => {
    expect(html).toContain('<ol')
    const nothing = renderReport({ cells: [], ladder: [], platform: '', seconds: 0, interrupted: true })
    expect(nothing).not.toContain('<ol')
  })
})
