import type { Words } from './zh';

/** English. */
export const en: Words = {
  brand: 'Video cloud',
  nav: { cameras: 'Cameras', enrol: 'Enrol a camera', signOut: 'Sign out', language: '中文', dark: 'Dark', light: 'Light', menu: 'Menu' },
  common: {
    copy: 'Copy', copied: 'Copied', cancel: 'Cancel', confirm: 'OK', close: 'Close', save: 'Save', retry: 'Try again', loading: 'Loading…',
    more: 'Load more', none: 'None', yes: 'Yes', no: 'No', optional: 'optional', refresh: 'Refresh', back: 'Back', never: 'never', unlimited: 'no limit', required: 'required',
    required_field: 'Please fill this in', days: '{{count}} days', until: 'until {{time}}', download: 'Download',
  },
  signIn: {
    title: 'Sign in', login: 'Login', password: 'Password', submit: 'Sign in', failed: 'Login or password is wrong',
    about: 'Every look is registered: who, at what, and what for.',
    away: 'The server cannot be reached', awayHint: 'Check the network, or try again in a while.',
  },
  roles: { watcher: 'Watcher', responder: 'Responder', maintainer: 'Maintainer', supervisor: 'Supervisor', owner: 'Owner', admin: 'Administrator' },
  cameras: {
    title: 'Cameras', search: 'Find by name, id or address', all: 'All', online: 'Online', offline: 'Offline', attention: 'Needs attention',
    empty: 'No cameras yet', emptyHint: 'Enrol the first one, and push to the address that it gets.', emptyOthers: 'Your organisation has no cameras, and none were opened to it.', nothing: 'No camera matches',
    name: 'Name', state: 'State', signs: 'Online, recording', recording: 'Recording', lastSeen: 'Last seen', picture: 'Picture', place: 'Place', viewers: 'Watching', class: 'Class',
    isRecording: 'recording', notRecording: 'not recording', since: 'since {{time}}', neverSeen: 'has never pushed',
  },
  problem: { recorder: 'The recorder hangs', storage: 'The recording disk fails', tracks: 'Cannot be recorded: no video, or a codec that no file carries', key_frames: 'Not recorded: the camera sends no key frames', upload: 'Recorded, not yet in the archive' },
  state: { planned: 'Planned', enrolled: 'Enrolled', acceptance: 'In acceptance', in_service: 'In service', suspended: 'Suspended', retired: 'Retired' },
  place: {
    town_centre: 'Town centre', market_town: 'Market town', main_street: 'Main street', busy_area: 'Busy area', public_place: 'Public place',
    junction: 'Junction', troubled_area: 'Troubled area', boundary: 'Administrative boundary', market: 'Specialised market', residential: 'Residential area',
    premises: 'Premises of a unit', bus: 'Bus', village: 'Village', unclassified: 'Unclassified',
  },
  class: {
    c1: 'Class 1', c2: 'Class 2', c3: 'Class 3',
    explain1: 'Class 1: watched live around the clock by the local sub-control centre', explain2: 'Class 2: watched live, or recorded for review', explain3: 'Class 3: recorded first, watched when needed',
  },
  enrol: {
    title: 'Enrol a camera', intro: 'The camera gets its national id, push addresses and a stream key. The key is shown once.',
    what: 'Camera', where: 'Location', rules: 'Declarations', who: 'Units',
    name: 'Name', nameHint: 'e.g. Till, Back door', division: 'Division', divisionHint: 'Choose down to the town', address: 'Address',
    longitude: 'Longitude', latitude: 'Latitude', coordinates: 'WGS-84, in degrees', place: 'Kind of place', class: 'Watch class',
    retention: 'Days to keep', retentionHint: 'By law at least 30 (State Council Order 799, art. 17); deleted after that', consent: 'Standing consent to police use',
    consentHint: 'Without it, only in emergencies and other cases that the law names. You can look up each look.',
    banned: 'Does the camera look into any of these places?', bannedList: 'Guest rooms, dormitories, public baths, toilets, changing rooms, nursing rooms, fitting rooms, or other private places (art. 8)',
    bannedYes: 'Yes, it does', bannedNo: 'No, it does not', bannedRefused: 'The law forbids cameras there, so it cannot be enrolled. Change its position or angle first.',
    sign: 'Is a clear sign posted?', signHint: 'People who enter must be told that they are filmed (art. 13)', signYes: 'Yes, it is posted', signNo: 'Not yet', signRefused: 'Post the sign first, then enrol.',
    owner: 'Owner', responsible: 'Responsible unit', funder: 'Funder', beneficiary: 'Beneficiary', own: 'Own organisation', submit: 'Enrol', done: 'The camera is enrolled',
    doneHint: 'Put the key and address into the camera now. Once you leave this page the key is not shown again; it can only be replaced.', toCamera: 'Go to the camera', another: 'Enrol another',
    leave: 'The key will not be shown again. Leave all the same?',
    rule: {
      name: 'A name has 1 to 100 characters', longitude: 'Longitude is between -180 and 180', latitude: 'Latitude is between -90 and 90', both: 'Give both longitude and latitude, or neither',
      retention: 'Between 30 and 180 days', banned: 'Please answer', sign: 'Please answer',
    },
  },
  publish: {
    key: 'Stream key', keyOnce: 'shown only now', url: 'Push addresses', qr: "Scan with a phone's streaming app", ffmpeg: 'Push a file with ffmpeg', ffmpegHint: 'Put your own file for input.mp4',
    whipNote: 'WHIP takes the key as bearer token', browser: "Try with this device's camera", screen: 'Push the screen', stop: 'Stop pushing', pushing: 'Pushing', connecting: 'Connecting…', failed: 'Pushing was cut off',
    noDevice: 'There is no camera, or the browser was not allowed to use it', rotate: 'Replace the key', rotateAsk: 'The old key stops at once: a camera that pushes is cut off until it has the new one.', rotated: 'The key was replaced',
    hidden: 'The key is shown only at enrolment and when it is replaced. If it is lost, replace it.', secureOnly: 'Browsers allow cameras only on HTTPS and on this very machine',
  },
  camera: {
    live: 'Live', playback: 'Recording', watch: 'Watch live', backToLive: 'Back to live', notWatch: 'Your role does not allow watching this camera',
    operatorNoWatch: 'The operator manages, and does not watch.', offlineHint: 'The camera is offline. Click on the timeline to see what was recorded.', watchAgain: 'Watch again',
    timeline: 'Timeline', day: 'Day', today: 'Today', previousDay: 'Day before', nextDay: 'Day after', wholeDay: 'Whole day', zoomIn: 'Zoom in', zoomOut: 'Zoom out', recorded: 'recorded', gap: 'gap', expired: 'past its retention', held: 'held',
    timelineHint: 'Click or drag the hand: play. Wheel: zoom. Drag: pan', nothingRecorded: 'Nothing was recorded on this day',
    tabs: { overview: 'Overview', push: 'Connect', shares: 'Share links', looks: 'Who looked' },
    nationalId: 'National id', address: 'Address', division: 'Division', position: 'Position', retention: 'Kept for', protocol: 'Pushed by', stream: 'Stream', since: 'State since', viewers: 'Watching now',
    created: 'Enrolled', consent: 'Police use', consentYes: 'standing consent', consentNo: 'only as the law names', owner: 'Owner', nobody: 'not given',
    suspend: 'Suspend', resume: 'Resume', retire: 'Retire', suspendAsk: 'A suspended camera cannot push; its recordings stay.', resumeAsk: 'The camera may push again.',
    retireAsk: 'This cannot be undone. Recordings are deleted as they pass their retention.', reason: 'Reason', changed: 'Done: {{what}}', gone: 'There is no such camera, or none that you may know of.',
  },
  acceptance: {
    title: 'Acceptance', none: 'Not measured yet', noneHint: 'On its first push the gateway measures the camera for 30 seconds and gives its verdict.', measuring: 'Being measured (about 30 seconds)…', passed: 'Accepted', failed: 'Not accepted', at: 'measured {{time}}',
    again: 'Measure again', started: 'The next 30 seconds will be measured', offline: 'The camera is offline; it can be measured when it is back',
    codec: 'Codecs', size: 'Size', fps: 'Frame rate', bitrate: 'Bit rate', keyInterval: 'Key frame interval', loss: 'Packet loss', skew: 'Clock skew', noAudio: 'no audio', frames: '{{n}} frames/s', seconds: '{{n}} s',
  },
  shares: {
    make: 'New share link', none: 'No share links', noneHint: 'A link opens only what you name, ends by itself, and can be revoked at any time.', what: 'Opens', actions: 'Opens', window: 'Recorded window', expires: 'Valid until', uses: 'Used / limit', label: 'Watermark',
    labelHint: 'Shown over the picture, e.g. who gets the link', status: 'Status', active: 'valid', revoked: 'revoked', expired: 'expired', used: 'used up', revoke: 'Revoke', revokeAsk: 'The picture is dark within 5 seconds, for good.',
    revokedNow: 'Revoked', maxUses: 'How often it opens', maxUsesHint: 'Empty: no limit', live: 'Live', playback: 'Recording', made: 'The link is ready', madeHint: 'Copy it now; it is not shown in full again.', created: 'Made',
    rule: { actions: 'Choose at least one', window: 'Choose the recorded window', windowOrder: 'The start must come before the end', windowFuture: 'The window must lie in the past', expires: 'Choose a time in the future' },
    hour: '1 hour', day: '1 day', week: '7 days', month: '30 days',
  },
  looks: {
    none: 'Nobody has looked yet', noneHint: 'Every look is registered here.', who: 'Who', when: 'When', what: 'At what', why: 'Why', case: 'Case number', until: 'Valid until', byShare: 'Share link', revoke: 'Cut off',
    revokeAsk: 'The picture goes dark within 5 seconds.', live: 'Live', playback: 'Recording', active: 'open', ended: 'over', revoked: 'cut off',
  },
  purpose: {
    title: 'Register the look', intro: "Looking at somebody else's camera is registered first: reason, content, unit and name (art. 16). The owner of the camera can read it.", purpose: 'Purpose', reason: 'Reason', reasonHint: 'Why you need to look, in particular',
    case: 'Case or order number', submit: 'Register and look', reasonRule: 'Write the reason, at least 4 characters', window: 'Content',
    kinds: { own: 'Own camera', share: 'Share link', case: 'Casework', emergency: 'Emergency', patrol: 'Patrol', inspection: 'Inspection', maintenance: 'Maintenance', other: 'Other' },
  },
  share: {
    title: 'Shared video', opening: 'Opening…', shows: 'What it shows', live: 'Live', window: 'Recording from {{from}} to {{to}}', until: 'Valid until {{time}}', label: 'The picture carries the watermark “{{label}}”, and your look is registered.', noLabel: 'Your look is registered.',
    gone: 'This link no longer works', goneHint: 'It has expired, was used up, or was revoked by the person who shared it. Ask that person for a new one.', expired: 'This link has expired', bad: 'This link is not valid', badHint: 'Check that it was copied in full.',
    away: 'It cannot be opened at the moment', seek: 'Time of the recording', ended: 'The share has ended', reload: 'Open again',
  },
  errors: {
    invalid: 'Something that was entered is not right', unauthenticated: 'Please sign in again', forbidden: 'You are not allowed to do this', not_found: 'Not found', conflict: 'The present state does not allow it', gone: 'No longer available',
    too_large: 'Too large', rate_limited: 'Too many attempts; try again later', unavailable: 'Not available at the moment; try again later', internal: 'An internal error; it has been logged', network: 'No connection to the server', unexpected: "The server's answer was not understood",
    field: '{{message}}',
    fields: {
      name: 'This name cannot be taken', 'position.longitude': 'Longitude is out of range', 'position.latitude': 'Latitude is out of range', position: 'This position cannot be taken', division: 'There is no such division', place: 'There is no such kind of place', class: 'A class is 1, 2 or 3',
      retention_days: 'This number of days is not allowed', not_banned_place: 'It must not look into a place that the law protects', sign_posted: 'A sign must be posted first', owner_id: 'There is no such organisation', responsible_id: 'There is no such organisation', funder_id: 'There is no such organisation', beneficiary_id: 'There is no such organisation',
      from: 'This start is not allowed', to: 'This end is not allowed', expires_at: 'This end is not allowed', max_uses: 'This number is not allowed', actions: 'Choose what it opens', label: 'This watermark cannot be taken', purpose: 'Choose a purpose', reason: 'Write the reason', case_number: 'This number cannot be taken',
      login: 'This login cannot be taken', password: 'This password cannot be taken', address: 'This address cannot be taken',
    },
  },
};
