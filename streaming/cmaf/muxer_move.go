package cmaf

import "github.com/gatepost-video/gatepost/streaming/media"

// move is a unit of video, and the same with its bytes in a part.
type move struct{ before, now *media.Unit }

// maxMoves bounds what is remembered for Moved: more than a part holds.
const maxMoves = 64

// Moved implements stream.Mover.
func (m *Muxer) Moved(f func(before, now *media.Unit)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.moved {
		f(v.before, v.now)
	}
	clear(m.moved)
	m.moved = m.moved[:0]
}

// move notes where the first n samples of a, which is to be video in NAL units,
// lie in a part of them and the first k of b. OBUs are written in another form,
// and audio is not worth it.
func (m *Muxer) move(part []byte, a *track, n int, b *track, k int) {
	if !a.video || a.codec == media.AV1 || len(m.moved)+n > maxMoves {
		return
	}
	at := len(part) - mdatPayload(a, n)
	if k > 0 {
		at -= mdatPayload(b, k)
	}
	for i := range a.pending[:n] {
		before := a.pending[i].unit
		now := *before
		now.Data = make([][]byte, len(before.Data))
		for j, d := range before.Data {
			at += 4 // its size
			now.Data[j] = part[at : at+len(d) : at+len(d)]
			at += len(d)
		}
		m.moved = append(m.moved, move{before, &now})
	}
}
