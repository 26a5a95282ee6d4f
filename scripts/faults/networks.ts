/** Two networks that both lead to the server and not to each other: what a peer sees where UDP is blocked. */
import { spawnSync } from 'node:child_process';

export interface Place {
  /** Of the network namespace. */
  readonly name: string;
  /** The server's address, as seen from there. */
  readonly gateway: string;
}

export class Networks {
  readonly places: readonly [Place, Place];
  readonly #names: readonly string[];

  private constructor(names: readonly [string, string]) {
    this.#names = names;
    this.places = names.map((name, i) => ({ name, gateway: `10.231.${i + 1}.1` })) as unknown as [
      Place,
      Place,
    ];
  }

  /** @returns undefined where they cannot be made */
  static open(): Networks | undefined {
    const names = ['a', 'b'].map((side) => `pairlane-${process.pid}-${side}`) as [string, string];
    const networks = new Networks(names);
    const isMade = networks.places.every(({ name, gateway }, i) => {
      const [here, there] = [`pl${process.pid % 10_000}${i}h`, `pl${process.pid % 10_000}${i}n`];
      const own = gateway.replace(/1$/, '2');
      return [
        `netns add ${name}`,
        `link add ${here} type veth peer name ${there}`,
        `link set ${there} netns ${name}`,
        `addr add ${gateway}/24 dev ${here}`,
        `link set ${here} up`,
        `netns exec ${name} ip addr add ${own}/24 dev ${there}`,
        `netns exec ${name} ip link set ${there} up`,
        `netns exec ${name} ip link set lo up`,
        `netns exec ${name} ip route add default via ${gateway}`,
      ].every(ip);
    });
    if (isMade) return networks;
    networks.close();
    return undefined;
  }

  close(): void {
    // The other ends of their links go with them.
    for (const name of this.#names) ip(`netns del ${name}`);
  }
}

function ip(command: string): boolean {
  return spawnSync('ip', command.split(' '), { stdio: 'ignore' }).status === 0;
}
