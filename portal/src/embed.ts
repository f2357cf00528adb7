// The page that shows a share link's picture in a frame: /embed/<link>#<token>. Nothing of the
// portal is in it but the player.
import { createClient, GatepostError, type ErrorCode, type MediaGrant, type OpenedShare } from '@gatepost/sdk';
import '@gatepost/sdk/player';
import { sharedBy, wordsOf, type EmbedWords } from './embedding';

const query = new URLSearchParams(location.search);
const language = (query.get('lang') ?? navigator.language).toLowerCase().startsWith('zh') ? 'zh' : 'en';
document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
const words = wordsOf(language);

const client = createClient();
const player = document.querySelector('gatepost-player');
const said = document.getElementById('said');
if (player === null || said === null) throw new Error('embed.html lacks its elements');

/** The link's recording when the frame's address asks for it, or when there is nothing else. */
function chosen({ grants }: OpenedShare): MediaGrant | undefined {
  return query.get('show') === 'playback' ? (grants.playback ?? grants.live) : (grants.live ?? grants.playback);
}

function say(code: ErrorCode): void {
  const of: Partial<Record<ErrorCode, keyof EmbedWords>> = {
    gone: 'gone', forbidden: 'elsewhere', unauthenticated: 'bad', invalid: 'bad', not_found: 'bad',
  };
  said!.textContent = words[of[code] ?? 'away'];
}

async function show(): Promise<void> {
  const token = location.hash.slice(1);
  // The frame was let in for one link's pages: it opens no other link.
  if (sharedBy(token) !== location.pathname.split('/')[2]) {
    say('unauthenticated');
    return;
  }
  said!.textContent = words.opening;
  const share = await client.shares.open(token);
  document.title = share.camera.name;
  player!.addEventListener('grantexpiring', () => {
    const { grant } = player!;
    if (grant !== null) client.shares.renew(grant.token).then((renewed) => (player!.grant = renewed), () => undefined);
  });
  player!.grant = chosen(share) ?? null;
  player!.hidden = false;
}

show().catch((err: unknown) => say(err instanceof GatepostError ? err.code : 'unexpected'));
