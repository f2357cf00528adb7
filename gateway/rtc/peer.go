package rtc

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/gatepost-video/gatepost"
)

// Peer is one answered peer connection through its life: answer, trickle,
// restart, close. Its methods may be called from several goroutines.
type Peer struct {
	Conn *webrtc.PeerConnection

	mu         sync.Mutex // guards the negotiation: one at a time
	offer      sdp.SessionDescription
	ufrag      string // the peer's
	answer     string
	etag       string
	candidates int

	connected chan struct{}
	lost      chan struct{}
	end       sync.Once
	lostOnce  sync.Once
	connOnce  sync.Once

	stateMu sync.Mutex
	state   webrtc.PeerConnectionState
}

// NewPeer takes over a peer connection made by an Engine. It must be closed.
func NewPeer(conn *webrtc.PeerConnection) *Peer {
	p := &Peer{Conn: conn, connected: make(chan struct{}), lost: make(chan struct{})}
	conn.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		p.stateMu.Lock()
		if p.state != webrtc.PeerConnectionStateFailed {
			p.state = s
		}
		p.stateMu.Unlock()
		switch s {
		case webrtc.PeerConnectionStateConnected:
			p.connOnce.Do(func() { close(p.connected) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			p.lostOnce.Do(func() { close(p.lost) })
		}
	})
	return p
}

// Connected is closed when media can flow for the first time.
func (p *Peer) Connected() <-chan struct{} { return p.connected }

// Lost is closed when the connection is over, whoever ended it.
func (p *Peer) Lost() <-chan struct{} { return p.lost }

// Failed tells whether the path broke rather than being closed by the peer.
func (p *Peer) Failed() bool {
	p.stateMu.Lock()
	defer p.stateMu.Unlock()
	return p.state == webrtc.PeerConnectionStateFailed
}

// Answer accepts an offer and returns the complete answer, candidates included.
// Its error wraps ErrMalformed when the offer is at fault.
func (p *Peer) Answer(ctx context.Context, o *Offer) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.offer.UnmarshalString(o.SDP); err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	p.ufrag, _ = credentials(&p.offer)
	return p.negotiate(ctx)
}

// negotiate answers p.offer and gives the answer a new entity tag.
func (p *Peer) negotiate(ctx context.Context) (string, error) {
	text, err := p.offer.Marshal()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := p.Conn.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(text)}); err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	answer, err := p.Conn.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: no answer to it: %w", ErrMalformed, err)
	}
	gathered := webrtc.GatheringCompletePromise(p.Conn)
	if err := p.Conn.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("apply the answer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fmt.Errorf("gather candidates: %w", ctx.Err())
	}
	p.answer = p.Conn.LocalDescription().SDP
	p.etag = `"` + gatepost.NewSecret(16) + `"`
	return p.answer, nil
}

// ETag is the entity tag of the present ICE session (RFC 9725 §4.3.1).
func (p *Peer) ETag() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.etag
}

// Trickle adds the candidates of a fragment that belongs to the present ICE
// session. A lite agent needs none of them, so a candidate that cannot be used
// is no error.
func (p *Peer) Trickle(f *Fragment) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Ufrag != "" && f.Ufrag != p.ufrag {
		return fmt.Errorf("%w: candidates of another ICE session; restart with If-Match: *", ErrMalformed)
	}
	for _, line := range f.Candidates {
		if p.candidates == maxCandidates {
			return nil
		}
		c, err := ice.UnmarshalCandidate(line)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if c.Type() != ice.CandidateTypeHost && c.Type() != ice.CandidateTypeServerReflexive {
			continue
		}
		p.candidates++
		mid := f.Mid
		_ = p.Conn.AddICECandidate(webrtc.ICECandidateInit{Candidate: line, SDPMid: &mid}) // a name that does not resolve, a family that we have not
	}
	return nil
}

// Restart begins a new ICE session with the peer's new credentials, over which
// the same media go on (RFC 9725 §4.3.3), and returns our half.
func (p *Peer) Restart(ctx context.Context, f *Fragment) (*Fragment, error) {
	if f.Ufrag == "" || f.Pwd == "" {
		return nil, fmt.Errorf("%w: a restart needs ice-ufrag and ice-pwd", ErrMalformed)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Ufrag == p.ufrag {
		return nil, fmt.Errorf("%w: a restart needs new ICE credentials", ErrMalformed)
	}
	for _, line := range f.Candidates {
		if _, err := ice.UnmarshalCandidate(line); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	replaceICE(&p.offer, f)
	p.ufrag, p.candidates = f.Ufrag, len(f.Candidates)
	answer, err := p.negotiate(ctx)
	if err != nil {
		return nil, err
	}
	return iceOf(answer)
}

// Close ends the connection and waits for its goroutines. It must not be called
// from a callback of the connection.
func (p *Peer) Close() error {
	var err error
	p.end.Do(func() {
		if err = p.Conn.GracefulClose(); err != nil {
			err = fmt.Errorf("close peer connection: %w", err)
		}
		p.lostOnce.Do(func() { close(p.lost) })
	})
	return err
}

// credentials returns the ICE credentials of a description, which stand at
// session level or in every section.
func credentials(desc *sdp.SessionDescription) (ufrag, pwd string) {
	ufrag, _ = desc.Attribute("ice-ufrag")
	pwd, _ = desc.Attribute("ice-pwd")
	for _, m := range desc.MediaDescriptions {
		if v, ok := m.Attribute("ice-ufrag"); ok && ufrag == "" {
			ufrag = v
		}
		if v, ok := m.Attribute("ice-pwd"); ok && pwd == "" {
			pwd = v
		}
	}
	return ufrag, pwd
}

// replaceICE puts the ICE half of f into an offer.
func replaceICE(desc *sdp.SessionDescription, f *Fragment) {
	desc.Origin.SessionVersion++
	replace := func(attrs []sdp.Attribute) []sdp.Attribute {
		attrs = slices.DeleteFunc(slices.Clone(attrs), func(a sdp.Attribute) bool {
			return a.Key == "candidate" || a.Key == "end-of-candidates"
		})
		for i := range attrs {
			switch attrs[i].Key {
			case "ice-ufrag":
				attrs[i].Value = f.Ufrag
			case "ice-pwd":
				attrs[i].Value = f.Pwd
			}
		}
		return attrs
	}
	desc.Attributes = replace(desc.Attributes)
	for i, m := range desc.MediaDescriptions {
		m.Attributes = replace(m.Attributes)
		if i > 0 {
			continue
		}
		for _, c := range f.Candidates {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: c[len("candidate:"):]})
		}
	}
}

// iceOf extracts the ICE half of an answer of ours.
func iceOf(answer string) (*Fragment, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(answer); err != nil {
		return nil, fmt.Errorf("read our own answer: %w", err)
	}
	f := &Fragment{End: true}
	f.Ufrag, f.Pwd = credentials(&desc)
	for _, m := range desc.MediaDescriptions {
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				f.Candidates = append(f.Candidates, "candidate:"+a.Value)
			}
		}
		if len(f.Candidates) > 0 {
			f.Mid, _ = m.Attribute("mid")
			break
		}
	}
	return f, nil
}
