package llhls

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strconv"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/streaming/hls"
)

const (
	// sharedWait bounds the wait of a request that stands for many viewers:
	// one whose grant expires meanwhile gets a picture no later than that.
	sharedWait = time.Second
	// sharedFor is how long a cache may answer a blocking request again with
	// what it was answered first.
	sharedFor = hls.TargetDuration
)

// isEdge tells whether a request comes from the trusted cache.
func (h *Handler) isEdge(req *http.Request) bool {
	if h.options.EdgeKey == "" {
		return false
	}
	want, got := sha256.Sum256([]byte(h.options.EdgeKey)), sha256.Sum256([]byte(req.Header.Get("X-Gatepost-Edge")))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// servePass admits a viewer at the cache for a while: it names the playlist that he
// shares with the others, good until a grant is revoked. The cache keeps the answer
// under his token, never longer than his grant lasts.
func (h *Handler) servePass(w http.ResponseWriter, req *http.Request, token string) {
	now := time.Now()
	t, ring, err := h.admit(req, token, now)
	if err != nil {
		refuse(w, err)
		return
	}
	if t.viewer.Networks != "" { // the cache knows him by his token alone
		refuse(w, errOwnPlaylist)
		return
	}
	t.enter(now)
	defer func() { t.leave(time.Now()) }()
	epoch := ring.Epoch()
	// A revocation first ends tickets and then the epoch: who is admitted still
	// was told of an epoch that ends with his grant.
	if h.options.Revoked != nil && h.options.Revoked(t.viewer) {
		err = errRevoked
	} else {
		err = t.err()
	}
	if err != nil {
		refuse(w, err)
		return
	}
	// The cache counts in whole seconds from when it reads this, the last of them to its end. A second
	// is for the way there: who is admitted by a pass sees nothing after his grant's end.
	until, seconds := now.Add(h.options.PassTTL), int(h.options.PassTTL/time.Second)-1
	if end := t.viewer.ExpiresAt; !end.IsZero() && end.Before(until.Add(time.Second)) {
		until, seconds = end, int(end.Sub(now)/time.Second)-2
	}
	t.session.see(until)
	h.route(ring)
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Expires", strconv.Itoa(max(0, seconds)))
	header.Set("X-Gatepost-Playlist", "/edge/"+ring.Capability()+"/"+epoch)
	w.WriteHeader(http.StatusNoContent)
}

var errOwnPlaylist = &gatepost.Error{Code: gatepost.Forbidden, Message: "this viewer is bound to a network; his playlists are his own"}

// serveShared answers the cache with the playlist of an epoch. What it refuses, the
// cache asks for again on behalf of one viewer.
func (h *Handler) serveShared(w http.ResponseWriter, req *http.Request, capability, epoch string) {
	ring := h.ring(capability)
	if ring == nil {
		refuse(w, errNoPath)
		return
	}
	directives, err := hls.ParseRequest(req.URL.RawQuery)
	if err == nil && !directives.Block {
		err = hls.ErrBadRequest
	}
	var p *hls.Playlist
	if err == nil {
		p, err = ring.SharedPlaylist(req.Context(), epoch, directives, sharedWait)
	}
	if err != nil {
		refuse(w, explain(err))
		return
	}
	w.Header().Set("X-Accel-Expires", strconv.Itoa(int(sharedFor/time.Second)))
	h.writeMedia(w, req, p)
}

// ring returns the ring of a capability, or nil.
func (h *Handler) ring(capability string) *hls.Ring {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.rings[capability]
}
