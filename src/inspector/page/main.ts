/** The inspector's page: switches views, and owns the feed from the server. */
import type { InspectMessage, ListedMachine } from '../../protocol/inspect/inspect-messages.ts';
import { parseRecord, RecordError } from '../records/record.ts';
import { ChaosView } from './chaos-view.ts';
import type { Detail } from './chart-panel.ts';
import { DoctorDialog } from './doctor-dialog.ts';
import { h, keepChildren } from './dom.ts';
import { Feed, type LinkState } from './feed.ts';
import { helpDialog } from './help-dialog.ts';
import { NodesView } from './nodes-view.ts';
import { isFor, type Place, placeIn } from './place.ts';
import { DEFAULT_MACHINES, PopulationView } from './population-view.ts';
import { acceptDrops, FetchError, fetchRecord } from './record-sources.ts';
import { RecordView } from './record-view.ts';
import { RoomView } from './room-view.ts';
import { RoomsView } from './rooms-view.ts';
import { samples } from './samples.ts';
import { toolbar } from './toolbar.ts';

const linkTexts: Readonly<Record<LinkState, string>> = {
  connecting: 'Connecting to the server …',
  connected: 'Connected',
  lost: 'Not connected: the server does not answer. Trying again …',
  token_needed: 'This server wants a token.',
  wrong_token: 'That token is wrong.',
  no_server: 'No server: open a record or a sample.',
};

class Page {
  readonly #feed = new Feed({
    message: (message) => this.#received(message),
    state: (state) => this.#linkChanged(state),
  });
  /** Which of several nodes this is: people keep a page of each open. */
  readonly #node = h('span', { class: 'this-node' });
  readonly #nav = h('nav', { class: 'views', 'aria-label': 'Views', hidden: true });
  readonly #link = h('p', { class: 'link', role: 'status' });
  readonly #tokenForm = this.#createTokenForm();
  readonly #main = h('main');
  readonly #problem = h('p', { class: 'problem', role: 'alert' });
  readonly #help = helpDialog();
  readonly #doctor = new DoctorDialog();
  readonly #chaos = new ChaosView((rules) => this.#feed.send({ type: 'chaos', rules }));
  #detail: Detail = 'brief';
  #machines = DEFAULT_MACHINES;
  #hasGames = false;
  #population = this.#createPopulation();
  readonly #rooms = new RoomsView((query) => this.#feed.send({ type: 'rooms', query }));
  readonly #room = new RoomView();
  readonly #nodes = new NodesView();
  #record: RecordView | undefined;
  /** True for a record opened from a file, an address or the samples; it stays until another view is chosen. */
  #isForeign = false;
  #hasServer = false;

  start(): void {
    document.body.append(
      h(
        'header',
        {},
        h('a', { href: '#/', class: 'home' }, 'Pairlane inspector'),
        this.#node,
        this.#nav,
        this.#link,
        ...toolbar({
          setFull: (isFull) => this.#setDetail(isFull),
          open: (file) => this.#openFile(file),
          doctor: () => this.#doctor.open(),
          help: () => this.#help.showModal(),
          chaos: this.#chaos.button,
        }),
      ),
      this.#chaos.banner,
      this.#tokenForm,
      this.#problem,
      this.#main,
      this.#help,
      this.#doctor.element,
      this.#chaos.dialog,
    );
    window.addEventListener('hashchange', () => this.#route());
    window.addEventListener('keydown', (event) => this.#key(event));
    acceptDrops((file) => this.#openFile(file));
    this.#showForeign();
    this.#feed.open();
  }

  /** Shows what needs no server: a sample, or a record at an address. */
  #showForeign(): boolean {
    const place = placeIn(location.hash);
    if (place.view === 'sample') {
      const text = samples[place.name]?.text;
      if (text === undefined) this.#say(`There is no sample '${place.name}'.`);
      else this.#openText(place.name, text, place.params);
      return true;
    }
    const address = new URLSearchParams(location.search).get('record');
    if (address === null || place.view !== 'list') return place.view === 'file' && this.#isForeign;
    this.#isForeign = true;
    fetchRecord(address).then(
      (text) => this.#openText(address, text, place.params),
      (error) => {
        if (!(error instanceof FetchError)) throw error;
        this.#say(error.message);
      },
    );
    return true;
  }

  #route(): void {
    this.#say('');
    if (this.#showForeign()) return;
    const place = placeIn(location.hash);
    this.#isForeign = false;
    this.#record?.close();
    this.#record = undefined;
    if (place.view === 'live') {
      this.#feed.send({ type: 'watch', epoch: place.epoch });
      return;
    }
    if (place.view === 'session') {
      this.#feed.send({ type: 'trail', id: place.id });
      return;
    }
    if (this.#showView(place)) return;
    this.#feed.send({ type: 'unwatch' });
    this.#showPopulation();
    this.#population.list.restore(place.params);
    this.#population.list.refresh();
  }

  /** Shows rooms or nodes, and asks for them. */
  #showView(place: Place): boolean {
    switch (place.view) {
      case 'rooms':
        this.#rooms.restore(place.params);
        this.#show(this.#rooms.element);
        this.#feed.send({ type: 'rooms', query: this.#rooms.query });
        return true;
      case 'room':
        this.#room.expect(place.app, place.name);
        this.#show(this.#room.element);
        this.#feed.send({ type: 'room', app: place.app, room: place.name });
        return true;
      case 'nodes':
        this.#show(this.#nodes.element);
        this.#feed.send({ type: 'nodes' });
        return true;
      default:
        return false;
    }
  }

  #received(message: InspectMessage): void {
    if (!isFor(placeIn(location.hash), message)) return;
    switch (message.type) {
      case 'hello':
        this.#hasServer = true;
        this.#showMachines(message.machines, message.has_games ?? false);
        this.#node.textContent = serverName(message);
        this.#room.here = message.node;
        this.#showNav(message);
        this.#setTitle();
        if (!this.#isForeign) this.#routeAgain();
        return;
      case 'population':
        if (this.#population.element.isConnected) this.#population.show(message);
        return;
      case 'network':
        this.#population.showNetwork(message.network);
        return;
      case 'chaos':
        this.#chaos.show(message);
        return;
      case 'traffic':
        this.#population.showTraffic(message.links);
        return;
      case 'rooms':
        this.#rooms.show(message);
        return;
      case 'room':
        this.#room.show(message.room);
        this.#setTitle();
        return;
      case 'no_room':
        this.#room.gone(message.room);
        this.#setTitle();
        return;
      case 'nodes':
        this.#nodes.show(message.nodes);
        return;
      case 'list':
        this.#population.list.show(message);
        return;
      case 'record':
        this.#say('');
        // A reconnect must not discard what the user is reading: the position is kept.
        this.#showRecord(
          new RecordView(message.record, this.#detail, placeIn(location.hash).params, message.usual),
        );
        return;
      case 'line':
        if (this.#isForeign || this.#record?.epoch !== message.epoch) return;
        this.#record.add(message.line);
        this.#setTitle();
        return;
      case 'refusals':
        this.#population.showRefusals(message);
        return;
      case 'no_session':
        this.#say('That session is over.');
        if (!this.#record) this.#showPopulation();
        return;
      case 'not_found':
        this.#notFound(message.epoch);
    }
  }

  /** The link is back. A record that is being read stays if the server has forgotten it. */
  #routeAgain(): void {
    const place = placeIn(location.hash);
    if (this.#record && place.view === 'session') this.#feed.send({ type: 'trail', id: place.id });
    else if (this.#record && place.view === 'live') this.#feed.send({ type: 'watch', epoch: place.epoch });
    else this.#route();
  }

  #notFound(epoch: number): void {
    const place = placeIn(location.hash);
    const what = place.view === 'live' && place.kind === 'link' ? 'Link' : 'Pairing';
    if (this.#record?.epoch === epoch) {
      this.#say(
        `The server was started again and no longer knows ${what.toLowerCase()} ${epoch}. This is what was recorded until then.`,
      );
      return;
    }
    this.#say(`${what} ${epoch} is over, and nobody watched it. Records of failed ones are in the list.`);
    this.#showPopulation();
  }

  /** Another server, or the same one with other options, may have other machines. */
  #showMachines(machines: readonly ListedMachine[], hasGames: boolean): void {
    if (machines.join() === this.#machines.join() && hasGames === this.#hasGames) return;
    this.#machines = machines;
    this.#hasGames = hasGames;
    this.#population = this.#createPopulation();
  }

  #showPopulation(): void {
    this.#show(this.#population.element);
  }

  /** Shows anything but a record. */
  #show(element: HTMLElement): void {
    if (!element.isConnected) this.#main.replaceChildren(element);
    this.#main.classList.remove('fits');
    this.#setTitle();
    this.#markView();
  }

  /** A server with nothing but pairings has no other views. */
  #showNav({ machines, has_rooms }: Extract<InspectMessage, { type: 'hello' }>): void {
    const views = {
      ...(has_rooms && { '#/': 'Pairings', '#/rooms': 'Rooms' }),
      ...(machines.includes('node-link') && { '#/nodes': 'Nodes' }),
    };
    keepChildren(
      this.#nav,
      Object.entries(views).map(([href, title]) => h('a', { class: 'view', href }, title)),
    );
    this.#nav.hidden = this.#nav.childElementCount === 0;
    this.#markView();
  }

  #markView(): void {
    const { view } = placeIn(location.hash);
    const here = view === 'room' ? '#/rooms' : view === 'rooms' || view === 'nodes' ? `#/${view}` : '#/';
    for (const link of this.#nav.children)
      if (link.getAttribute('href') === here) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
  }

  #setTitle(): void {
    const titles = [
      [this.#rooms, 'Rooms'],
      [this.#nodes, 'Nodes'],
      [this.#room, this.#room.outcome],
    ] as const;
    const view = titles.find(([{ element }]) => element.isConnected)?.[1];
    const parts = [this.#record?.outcome ?? view, this.#node.textContent, 'Pairlane inspector'];
    document.title = parts.filter(Boolean).join(' · ');
  }

  #createPopulation(): PopulationView {
    return new PopulationView(
      { machines: this.#machines, hasGames: this.#hasGames },
      (request) => this.#feed.send(request),
      this.#detail,
    );
  }

  #showRecord(view: RecordView): void {
    this.#record?.close();
    this.#record = view;
    this.#main.replaceChildren(view.element);
    this.#main.classList.add('fits');
    view.shown();
    this.#setTitle();
    this.#markView();
  }

  async #openFile(file: File | undefined): Promise<void> {
    if (!file) return;
    this.#openText(file.name, await file.text(), new URLSearchParams());
    if (this.#isForeign) history.replaceState(null, '', '#/file');
  }

  #openText(name: string, text: string, params: URLSearchParams): void {
    this.#say('');
    try {
      const record = parseRecord(text);
      this.#feed.send({ type: 'unwatch' });
      this.#isForeign = true;
      this.#showRecord(new RecordView(record, this.#detail, params));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#say(`${name}: ${error.message}`);
    }
  }

  #key(event: KeyboardEvent): void {
    const { target, key } = event;
    const isInDialog = document.querySelector('dialog[open]') !== null;
    if (event.ctrlKey || event.metaKey || event.altKey || isInDialog) return;
    const isTyping = target instanceof HTMLElement && target.closest('input, select, textarea') !== null;
    if (isTyping) return;
    const isPressing = target instanceof HTMLElement && target.closest('button, summary, a') !== null;
    // Space presses the focused button.
    if (key === ' ' && isPressing) return;
    if (key === '?') this.#help.showModal();
    else if (key === '/') {
      if (this.#rooms.element.isConnected) this.#rooms.focusSearch();
      else if (!this.#population.element.isConnected) location.hash = '#/';
      else this.#population.list.focusSearch();
    } else if (!this.#record?.key(event)) return;
    event.preventDefault();
  }

  #say(problem: string): void {
    this.#problem.textContent = problem;
  }

  #setDetail(isFull: boolean): void {
    this.#detail = isFull ? 'full' : 'brief';
    this.#population.setDetail(this.#detail);
    this.#record?.setDetail(this.#detail);
  }

  #linkChanged(state: LinkState): void {
    // While connecting, it is not yet known which machines the server has.
    if (state !== 'connecting' && this.#main.childElementCount === 0) this.#showPopulation();
    this.#link.textContent = linkTexts[state];
    this.#link.dataset.state = state;
    if (state !== 'connected') this.#chaos.forget();
    this.#tokenForm.hidden = state !== 'token_needed' && state !== 'wrong_token';
    document.body.classList.toggle('stale', state === 'lost' && !this.#isForeign && this.#hasServer);
  }

  #createTokenForm(): HTMLFormElement {
    const token = h('input', { type: 'password', id: 'token', autocomplete: 'off' });
    const submit = (event: Event) => {
      event.preventDefault();
      this.#feed.useToken(token.value);
    };
    return h(
      'form',
      { class: 'token', hidden: true, submit },
      h('label', {}, 'Token (--inspect-token) ', token),
      h('button', {}, 'Open'),
    );
  }
}

/** Distinguishes the pages of several servers. */
function serverName({ node, workers }: Extract<InspectMessage, { type: 'hello' }>): string {
  if (workers !== undefined) return `${workers} workers`;
  return node === undefined ? '' : `node ${node}`;
}

new Page().start();
