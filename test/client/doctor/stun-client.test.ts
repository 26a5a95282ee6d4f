/** What the doctor makes of a TURN server's refusals. */
import { describe, expect, it } from '@jest/globals';
import { allocate, type IceUrl, parseIceUrl } from '../../../src/client/doctor/stun-client.ts';
import { CREDENTIALS, REFUSALS, startRefusingTurn } from '../../support/servers/refusing-turn.ts';

describe('a TURN server that refuses', () => {
  it.each(REFUSALS)('%s', async (_what, codes, told, expected) => {
    const { url, asked } = await startRefusingTurn(codes);
    expect(await allocate(parseIceUrl(url) as IceUrl, CREDENTIALS)).toEqual({ errorCode: told });
    expect(asked).toEqual(expected);
  });
});
