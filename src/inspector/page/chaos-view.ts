/**
 * What the server disturbs on purpose: a banner while it does and, where the server was started with --chaos-buttons, a
 * button that opens a dialog to begin.
 */
import type { InspectMessage } from '../../protocol/inspect/inspect-messages.ts';
import { clockTime } from './clock-time.ts';
import { button, h } from './dom.ts';

type ChaosMessage = Extract<InspectMessage, { type: 'chaos' }>;

const SIGNALS = ['offer', 'answer', 'candidate', 'signal'] as const;

const numberField = (id: string, max: number, value: number) =>
  h('input', { type: 'number', id, min: 0, max, value, required: true });

export class ChaosView {
  readonly #ask: (rules: string) => void;
  readonly #loss = numberField('chaos-loss', 100, 5);
  readonly #delay = numberField('chaos-delay', 60_000, 300);
  readonly #drops = SIGNALS.map((type) => h('input', { type: 'checkbox', value: type }));
  readonly #text = h('span');
  readonly #end = button('End now', () => this.#ask(''));
  readonly button = button('Chaos', () => this.dialog.showModal());
  readonly banner = h('div', { class: 'chaos', role: 'status' }, this.#text, this.#end);
  readonly dialog = h(
    'dialog',
    { class: 'chaos-dialog', 'aria-labelledby': 'chaos-title' },
    h(
      'form',
      { method: 'dialog', submit: () => this.#ask(this.#rules) },
      h('h2', { id: 'chaos-title' }, 'Disturb signals'),
      h('p', { class: 'fine' }, 'Of all clients of this server, for five minutes, or until you end it.'),
      h('p', {}, h('label', {}, 'Lose ', this.#loss, ' %')),
      h('p', {}, h('label', {}, 'Delay by ', this.#delay, ' ms')),
      h(
        'fieldset',
        {},
        h('legend', {}, 'Drop every'),
        ...this.#drops.map((box) => h('label', {}, box, ` ${box.value}`)),
      ),
      h(
        'div',
        { class: 'dialog-buttons' },
        h('button', {}, 'Begin'),
        button('Cancel', () => this.dialog.close()),
      ),
    ),
  );

  /** @param ask asks the server for rules as `--chaos` takes them; none end what was asked for before */
  constructor(ask: (rules: string) => void) {
    this.#ask = ask;
    this.forget();
  }

  show({ rules, ends_in_ms: endsInMs, may_change: mayChange }: ChaosMessage): void {
    this.button.hidden = !mayChange;
    this.#showBanner(rules !== '', endsInMs !== undefined);
    const until =
      endsInMs === undefined
        ? 'as long as the server runs (--chaos)'
        : `until ${clockTime(Date.now() + endsInMs)}`;
    this.#text.textContent = `Signals are disturbed on purpose: ${rules.replaceAll(',', ', ')}, ${until}.`;
  }

  /** The server may be another one the next time. */
  forget(): void {
    this.button.hidden = true;
    this.#showBanner(false, false);
    if (this.dialog.open) this.dialog.close();
  }

  /** The focus is not lost with what had it: it goes where one begins again or, if that is not shown, near it. */
  #showBanner(isShown: boolean, mayEnd: boolean): void {
    const hadFocus = document.activeElement === this.#end;
    this.banner.hidden = !isShown;
    this.#end.hidden = !mayEnd;
    if (!hadFocus || (isShown && mayEnd)) return;
    const near = ['header .menu', 'header .home'].map((place) => document.querySelector<HTMLElement>(place));
    for (const place of [this.button, ...near]) {
      place?.focus();
      if (document.activeElement === place) return;
    }
  }

  get #rules(): string {
    const drop = this.#drops.filter(({ checked }) => checked).map(({ value }) => value);
    // Numbers, as the fields also take 1e2.
    const [loss, delay] = [this.#loss.valueAsNumber, this.#delay.valueAsNumber];
    return [
      ...(loss > 0 ? [`loss=${loss}%`] : []),
      ...(delay > 0 ? [`delay=${delay}ms`] : []),
      ...(drop.length > 0 ? [`drop=${drop.join('+')}`] : []),
    ].join();
  }
}
