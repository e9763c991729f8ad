import type { PeersState } from '../serve/news.ts'
import { type Situation, situationById, situations, statisticsCount } from '../serve/situations.ts'
import { LadderViews } from './call-views.ts'
import { Calls, type Outcomes, stacks } from './calls.ts'
import { byId, element } from './element.ts'
import { NewsStream } from './news-stream.ts'
import { Score } from './score.ts'
import { tabId } from './tab.ts'

/** How many calls the button for many makes. */
const many = 20

const score = new Score()
const views = new LadderViews()
const tab = tabId()
const news = new NewsStream(tab, {
  onServer: (peers) => notice(withoutPeers(peers)),
  onAway: () => notice('The server does not answer. Start it again: npm run demo -- --serve'),
  onStep: (call, stack, step) => views.step(call, stack, step),
})
const calls = new Calls(tab, news, score, views)
let running = false
let descriptions = 0

makeButtons()
byId('clear').addEventListener('click', () => {
  if (running) return
  score.clear()
  say('The counters are at nought.')
})
void run('Reload the tab', () => calls.afterReload())

function makeButtons(): void {
  const list = byId('situations')
  for (const situation of situations) {
    list.append(entryFor(situation.name, situation.what, () => callOnce(situation)))
    const call = situationById('call')
    if (situation === call) {
      list.append(entryFor(`Call × ${many}`, 'The same, one call after another.', () => callMany(call)))
    }
  }
}

function entryFor(name: string, what: string, start: () => void): HTMLElement {
  const entry = element('li', 'situation')
  const button = element('button', '', name)
  const description = element('p', 'what', what)
  description.id = `what-${++descriptions}`
  button.setAttribute('aria-describedby', description.id)
  button.setAttribute('type', 'button')
  button.addEventListener('click', start)
  entry.append(button, description)
  return entry
}

function callOnce(situation: Situation): void {
  void run(situation.name, () => calls.make(situation))
}

function callMany(situation: Situation): void {
  void run(`Call × ${many}`, async () => {
    const all: Outcomes[] = []
    for (let made = 0; made < many; made++) {
      progress(`Call ${made + 1} of ${many}`)
      all.push(await calls.make(situation))
    }
    return all
  })
}

/** One thing at a time. Buttons keep the focus meanwhile, so that nobody with a keyboard has to begin anew. */
async function run(name: string, work: () => Promise<Outcomes | Outcomes[] | undefined>): Promise<void> {
  if (running) return
  setRunning(true)
  progress(`${name} …`)
  try {
    const outcomes = await work()
    if (outcomes !== undefined) say(summary(name, [outcomes].flat()))
  } catch (error) {
    say(`${name} failed: ${error instanceof Error ? error.message : error}`)
  } finally {
    progress('')
    setRunning(false)
  }
}

function summary(name: string, outcomes: Outcomes[]): string {
  const words = stacks.map((stack) => {
    const known = outcomes.flatMap((outcome) => outcome[stack] ?? [])
    const who = stack === 'bare' ? 'the bare WebSocket' : 'lastword'
    if (known.length < outcomes.length) return `how it ended over ${who} is not known`
    const answers = known.filter(({ answered }) => !answered).length
    const messages = known.reduce((sum, { sent, handled }) => sum + sent - handled, 0)
    if (answers + messages === 0) return `${who} lost nothing`
    const lost = [
      ...(answers > 0
        ? [outcomes.length === 1 ? 'the Answer' : `${answers} of ${outcomes.length} Answers`]
        : []),
      ...(messages > 0 ? [`${messages} of ${outcomes.length * statisticsCount} messages`] : []),
    ]
    return `${who} lost ${lost.join(' and ')}`
  })
  return `${name}: ${words.join('; ')}.`
}

function setRunning(now: boolean): void {
  running = now
  for (const button of document.querySelectorAll('button')) button.setAttribute('aria-disabled', String(now))
  document.documentElement.dataset.running = String(now)
}

/** For those who look: it is not read aloud, for it changes too often. */
function progress(words: string): void {
  byId('progress').textContent = words
  byId('tally-progress').textContent = words
}

/** Read aloud once a run is over. */
function say(words: string): void {
  byId('status').textContent = words
}

/** Why no data channel can open; nothing if one can. */
function withoutPeers(peers: PeersState): string {
  if (typeof RTCPeerConnection !== 'function') {
    return 'This browser has no WebRTC. Texts are exchanged in place of Offer and Answer, and no data channel opens.'
  }
  if (peers.available) return ''
  return `The server has no libdatachannel (${peers.why}). It answers with texts, and no data channel opens.`
}

function notice(words: string): void {
  const place = byId('notice')
  if (place.textContent !== words) place.textContent = words
  place.hidden = words === ''
}
