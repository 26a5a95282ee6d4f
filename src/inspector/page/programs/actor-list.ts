/** The actors of all programs as a tree, each below the one that started it. */

import { describeState } from '../../records/timeline.ts';
import type { ShownActor } from '../../stately/program-messages.ts';
import { button, foreign, h, keepChildren } from '../dom.ts';

export class ActorList {
  readonly element = h('nav', { class: 'actors panel', 'aria-label': 'Actors' });
  readonly #chosen: (key: number) => void;
  #actors = new Map<number, ShownActor>();
  #current: number | undefined;

  /** @param chosen called with the key of the selected actor */
  constructor(chosen: (key: number) => void) {
    this.#chosen = chosen;
    this.#draw();
  }

  /** Forgets all actors: the server is another one. */
  clear(): void {
    this.#actors = new Map();
    this.#draw();
  }

  update(changed: readonly ShownActor[], dropped: readonly number[]): void {
    for (const actor of changed) this.#actors.set(actor.key, actor);
    for (const key of dropped) this.#actors.delete(key);
    this.#draw();
  }

  get(key: number): ShownActor | undefined {
    return this.#actors.get(key);
  }

  /** Shown until the user selects one. */
  get first(): ShownActor | undefined {
    return this.#actors.values().next().value;
  }

  mark(key: number): void {
    this.#current = key;
    this.#draw();
  }

  #draw(): void {
    const actors = [...this.#actors.values()];
    const programs = [...new Set(actors.map(({ program }) => program))];
    const below = childrenIn(actors);
    keepChildren(this.element, [
      h('h2', {}, 'Actors'),
      ...(programs.length === 0 ? [howToBegin()] : []),
      ...programs.map((program) =>
        h(
          'section',
          { 'data-key': program },
          h('h3', {}, `Program ${program}`),
          this.#branch(below.get(String(program)) ?? [], below),
        ),
      ),
    ]);
  }

  #branch(actors: readonly ShownActor[], below: ReadonlyMap<string, readonly ShownActor[]>): HTMLElement {
    return h(
      'ul',
      {},
      ...actors.map((actor) => {
        const children = below.get(placeOf(actor.program, actor.session));
        return h(
          'li',
          { 'data-key': actor.key },
          this.#row(actor),
          children && this.#branch(children, below),
        );
      }),
    );
  }

  #row(actor: ShownActor): HTMLElement {
    const { key, name, status, value } = actor;
    const row = button('', () => this.#chosen(key));
    row.setAttribute('aria-current', String(key === this.#current));
    const state = value === undefined ? '' : describeState(value as never);
    row.append(
      foreign(name),
      h('span', { class: 'state' }, state),
      status === 'active' ? '' : h('span', { class: 'over' }, status),
    );
    return row;
  }
}

/**
 * The actors by what they are listed under: the session of the actor that started them, or their program if that is
 * unknown.
 */
function childrenIn(actors: readonly ShownActor[]): ReadonlyMap<string, readonly ShownActor[]> {
  const known = new Set<string>();
  const below = new Map<string, ShownActor[]>();
  for (const actor of actors) {
    const { program, session, parent } = actor;
    // A parent must come before its children, so there can be no cycle, whatever a program sends.
    const isBelow = parent !== undefined && known.has(placeOf(program, parent));
    known.add(placeOf(program, session));
    const place = isBelow ? placeOf(program, parent) : String(program);
    below.set(place, [...(below.get(place) ?? []), actor]);
  }
  return below;
}

const placeOf = (program: number, session: string) => `${program} ${session}`;

function howToBegin(): HTMLElement {
  const { port } = location;
  const given = port === '8080' ? '' : `{ url: 'ws://127.0.0.1:${port}/' }`;
  return h(
    'div',
    { class: 'how' },
    h('p', {}, 'No program has told of itself yet. Create an actor with'),
    h(
      'pre',
      {},
      `import { pairlaneInspect } from 'pairlane/inspector';\n\ncreateActor(machine, {\n  inspect: pairlaneInspect(${given}),\n}).start();`,
    ),
    h('p', {}, 'or with createWebSocketInspector of @statelyai/inspect.'),
  );
}
