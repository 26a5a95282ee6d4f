/** What werift makes of a TURN server's refusals. */
import { describe, expect, it } from '@jest/globals';
import { nodePlatform } from '../../../../src/client/index.ts';
import { CREDENTIALS, REFUSALS, startRefusingTurn } from '../../../support/servers/refusing-turn.ts';

describe('a TURN server that refuses', () => {
  it.each(REFUSALS)('%s', async (_what, codes, told, expected) => {
    const { url, asked } = await startRefusingTurn(codes);
    const rtc = nodePlatform.createConnection({
      iceServers: [{ urls: url, username: CREDENTIALS.username, credential: CREDENTIALS.password }],
      iceTransportPolicy: 'all',
      silenceMs: 0,
    });
    try {
      const failed = new Promise<number>((resolve) => {
        rtc.onicecandidateerror = ({ errorCode }) => resolve(errorCode);
      });
      rtc.createDataChannel('chat');
      await rtc.setLocalDescription();
      expect([await failed, asked]).toEqual([told, expected]);
    } finally {
      await rtc.close();
    }
  });
});
