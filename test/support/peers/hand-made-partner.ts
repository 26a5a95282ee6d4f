/**
 * A peer's partner whose signals a test sends one by one: it finds no path before it is told to, as neither side's candidates
 * are used until then.
 */
import { nodePlatform } from '../../../src/client/index.ts';
import type { DataChannel, IceCandidate, PeerConnection } from '../../../src/client/rtc/types.ts';
import type { Did } from '../../../src/contract/conform/pairing-model.ts';
import type { Received } from '../clients/raw-client.ts';
import type { ResumableClient } from '../clients/resumable-client.ts';

const withoutCandidates = (sdp: string) => sdp.replace(/a=(candidate|end-of-candidates).*\r\n/g, '');
const ufragIn = (sdp: string) => /a=ice-ufrag:(.*)\r\n/.exec(sdp)?.[1];

/** Leads nowhere: the port is one where nobody listens. */
const NOWHERE = {
  candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
};

export class HandMadePartner {
  client: ResumableClient;
  #rtc: PeerConnection | undefined;
  #channel: DataChannel | undefined;
  #epoch = 1;
  /** The peer's offer that has no answer yet. */
  #offer: string | undefined;
  /** Of the peer's last description: its candidates, and whether they may be used. */
  #ufrag: string | undefined;
  #ofPeer: IceCandidate[] = [];
  #own: IceCandidate[] = [];
  #usesCandidates = false;

  constructor(client: ResumableClient) {
    this.client = client;
  }

  /** Its server is gone: it comes back to this one, and names its pairing. */
  async comeBack(url: string): Promise<void> {
    this.client.socket.terminate();
    this.client = await this.client.comeBack(url);
  }

  /** Sends it with the number of the pairing, or of the one before. */
  async send(did: Did): Promise<void> {
    const isOld = 'isOld' in did && did.isOld === true;
    const epoch = isOld ? this.#epoch - 1 : this.#epoch;
    this.client.send({ ...(await this.#messageOf(did, isOld)), epoch });
    if (did.do === 'unpair' && !isOld) delete this.client.pairing;
  }

  /** Offers to restart ICE: from then on, again, no path is found before it is told to. */
  async restart(): Promise<void> {
    this.#renew();
    this.client.send({ type: 'offer', sdp: await this.#makeOffer(true), epoch: this.#epoch });
  }

  /** Takes what the peer, or the server, has sent. */
  async heard(message: Received): Promise<void> {
    const rtc = this.#rtc;
    if (message.type === 'paired') await this.#begin(message);
    else if (message.type === 'peer_disconnected') await this.#drop();
    else if (message.from_peer !== true) return;
    else if (message.epoch !== this.#epoch) throw new Error(`a ${message.type} of another pairing came`);
    else if (message.type === 'candidate') await this.#candidate(message.candidate as IceCandidate | null);
    else if (message.type === 'offer') this.#offer = this.#described(String(message.sdp));
    else {
      this.#offer = undefined;
      await rtc?.setRemoteDescription({ type: 'answer', sdp: this.#described(String(message.sdp)) });
    }
  }

  /** From here on the candidates of both are used. */
  async findPath(): Promise<void> {
    const rtc = this.#rtc as PeerConnection;
    this.#usesCandidates = true;
    for (const candidate of this.#own) this.#tell(candidate);
    for (const candidate of this.#ofPeer.splice(0)) await rtc.addIceCandidate(candidate);
  }

  /** Waits until its own side is connected. */
  async connected(): Promise<void> {
    const rtc = this.#rtc as PeerConnection;
    while (rtc.connectionState !== 'connected')
      await new Promise<void>((resolve) => {
        rtc.onconnectionstatechange = resolve;
      });
  }

  /** As peers do it: whoever closes the first channel closes the connection. */
  async hangUp(): Promise<void> {
    const channel = this.#channel as DataChannel;
    if (channel.readyState === 'connecting')
      await new Promise<void>((resolve) => {
        channel.onopen = resolve;
      });
    channel.close();
  }

  async end(): Promise<void> {
    await this.#drop();
    await this.client.close();
  }

  async #messageOf(did: Did, isOld: boolean): Promise<object> {
    switch (did.do) {
      case 'offer':
        return { type: 'offer', sdp: isOld ? 'old' : await this.#makeOffer(false) };
      case 'answer':
        return { type: 'answer', sdp: isOld ? 'old' : await this.#makeAnswer() };
      case 'candidate':
        return { type: 'candidate', candidate: NOWHERE };
      case 'report':
        return { type: 'report', state: did.state };
      default:
        return { type: did.do };
    }
  }

  async #begin({ peer_id, epoch, initiator }: Received): Promise<void> {
    await this.#drop();
    this.#epoch = Number(epoch);
    this.client.pairing = { peer_id: String(peer_id), epoch: this.#epoch, initiator: initiator === true };
    const rtc = nodePlatform.createConnection({
      iceServers: [],
      iceTransportPolicy: 'all',
      iceAdditionalHostAddresses: ['127.0.0.1'],
      silenceMs: 0,
    });
    this.#rtc = rtc;
    rtc.onicecandidate = ({ candidate }) => {
      if (!candidate) return;
      this.#own.push(candidate);
      if (this.#usesCandidates) this.#tell(candidate);
    };
    rtc.ondatachannel = ({ channel }) => {
      this.#channel = channel;
    };
    this.#channel = initiator === true ? rtc.createDataChannel('chat') : undefined;
  }

  async #drop(): Promise<void> {
    const rtc = this.#rtc;
    delete this.client.pairing;
    this.#rtc = undefined;
    this.#offer = undefined;
    this.#ufrag = undefined;
    this.#renew();
    await rtc?.close();
  }

  #renew(): void {
    this.#ofPeer = [];
    this.#own = [];
    this.#usesCandidates = false;
  }

  /** @returns what may be used of it; with other credentials, ICE begins anew */
  #described(sdp: string): string {
    const ufrag = ufragIn(sdp);
    if (ufrag !== this.#ufrag) this.#renew();
    this.#ufrag = ufrag;
    return withoutCandidates(sdp);
  }

  #tell(candidate: IceCandidate): void {
    this.client.send({ type: 'candidate', candidate, epoch: this.#epoch });
  }

  async #candidate(candidate: IceCandidate | null): Promise<void> {
    // One of an offer that yielded to ours may come after the answer.
    const isOfOther = candidate?.usernameFragment && candidate.usernameFragment !== this.#ufrag;
    if (!candidate || isOfOther) return;
    if (this.#usesCandidates) await this.#rtc?.addIceCandidate(candidate);
    else this.#ofPeer.push(candidate);
  }

  /** Of a client that is not paired, any text will do. */
  async #makeOffer(iceRestart: boolean): Promise<string> {
    const rtc = this.#rtc;
    if (!rtc) return 'an offer to nobody';
    await rtc.setLocalDescription(iceRestart ? await rtc.createOffer({ iceRestart }) : undefined);
    return withoutCandidates(rtc.localDescription?.sdp ?? '');
  }

  /** If the peer has not offered, any text will do. */
  async #makeAnswer(): Promise<string> {
    const rtc = this.#rtc;
    const sdp = this.#offer;
    if (!rtc || sdp === undefined) return 'an answer to nothing';
    this.#offer = undefined;
    await rtc.setRemoteDescription({ type: 'offer', sdp });
    await rtc.setLocalDescription();
    return withoutCandidates(rtc.localDescription?.sdp ?? '');
  }
}
