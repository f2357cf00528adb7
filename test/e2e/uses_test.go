package e2e

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// TestUses opens a link of three uses twenty times at the same instant, at two control
// planes, once for a camera on each of two gateways: three get in and see the picture,
// and what they saw of it is in the log of the link.
func TestUses(t *testing.T) {
	t.Parallel()
	g := newStage(t)
	const clients, uses = 20, 3
	for i, c := range g.cameras {
		var sh share
		g.s.Call("POST", "/v1/shares", map[string]any{"camera_id": c.ID, "actions": []string{"live"}, "max_uses": uses, "expires_at": harness.Stamp(time.Now().Add(time.Hour))}, &sh, 201, g.keeper)
		type answer struct {
			status int
			body   []byte
		}
		answers := make([]answer, clients)
		ready, start := sync.WaitGroup{}, make(chan struct{})
		var all sync.WaitGroup
		for n := range clients {
			ready.Add(1)
			all.Go(func() {
				ready.Done()
				<-start
				status, body := g.Functions[n%2].Raw("POST", "/v1/shares/open", map[string]string{"token": sh.Token}, "")
				answers[n] = answer{status, body}
			})
		}
		ready.Wait()
		close(start)
		all.Wait()
		admitted := map[int]int{} // by control plane
		for n, a := range answers {
			switch a.status {
			case http.StatusCreated:
				admitted[n%2]++
				var opened struct {
					Grants struct{ Live harness.Grant }
				}
				if err := json.Unmarshal(a.body, &opened); err != nil {
					t.Fatal(err)
				}
				at := "http://" + g.Gateways[i].Media + "/hls/" + opened.Grants.Live.Token + "/live.m3u8"
				if status, body := g.s.Raw("GET", at, nil, ""); status != http.StatusOK {
					t.Errorf("client %d was let in and sees nothing: %d %s", n, status, body)
				}
			case http.StatusGone:
			default:
				t.Errorf("client %d: %d %s", n, a.status, a.body)
			}
		}
		if got := admitted[0] + admitted[1]; got != uses {
			t.Errorf("%d clients were let in at gateway %d, want %d", got, i+1, uses)
		}
		t.Logf("gateway %d: let in by each control plane: %v", i+1, admitted)

		counts := map[bool]int{}
		var log struct {
			Items []struct {
				Act     string
				Allowed bool
			}
		}
		g.s.Call("GET", "/v1/shares/"+sh.ID+"/openings", nil, &log, 200, g.keeper)
		for _, o := range log.Items {
			if o.Act == "open" {
				counts[o.Allowed]++
			}
		}
		if counts[true] != uses || counts[false] != clients-uses {
			t.Errorf("the link's log: %v", counts)
		}
	}
}
