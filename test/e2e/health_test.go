package e2e

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/test/harness"
)

// TestHealth has three real cameras, of which one goes black for a while, one freezes
// and one goes away: faults open and end, the portal's page repairs, and the mean time
// to repair is what passed.
func TestHealth(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--object-duration", "5s", "--acceptance-window", "5s", "--picture-interval", "1s", "--fault-after", "4s")
	shop := newTenant(s, "shop")
	cameras := map[string]*scene{}
	for _, name := range []string{"dark", "still", "away"} {
		cameras[name] = &scene{Camera: shop.enrol(name), t: t}
		cameras[name].shows(harness.Source{})
	}
	dark, still, away := cameras["dark"], cameras["still"], cameras["away"]
	for _, c := range cameras {
		harness.Eventually(t, 2*time.Minute, c.ID+" is in service, and its picture is good", func() error {
			var now struct{ State, Picture string }
			s.Call("GET", "/v1/cameras/"+c.ID, nil, &now, 200)
			if now.State != "in_service" || now.Picture != "good" {
				return fmt.Errorf("%+v", now)
			}
			return nil
		})
	}

	away.source.Kill()
	dark.shows(harness.Source{Filter: "color=black:size=320x180:rate=25,noise=alls=4:allf=t"})
	still.shows(harness.Source{Filter: "testsrc2=size=320x180:rate=25:duration=0.04,loop=loop=-1:size=1", Encode: []string{"-qp", "28"}})
	away.waitFault(shop, gatepost.FaultOffline, false)
	p := harness.StartProcess(t, "node", harness.Drive(t, map[string]any{"what": "faults", "page": "http://" + s.HTTP + "/", "locale": "zh-CN", "login": "shop",
		"password": "shop has a long password", "camera": away.ID, "name": "away", "shots": os.Getenv("GATEPOST_SCREENSHOTS")})...)
	p.Wait(t, 6*time.Minute)
	if !strings.Contains(p.Log.String(), `"walked":true`) {
		t.Fatalf("the walk says %.500s", p.Log.String())
	}
	away.shows(harness.Source{})
	away.waitFault(shop, gatepost.FaultOffline, true)
	repaired(t, s, shop, away.Camera)

	still.waitFault(shop, gatepost.FaultFrozen, false)
	dark.waitFault(shop, gatepost.FaultBlack, false)
	still.shows(harness.Source{})
	dark.shows(harness.Source{})
	still.waitFault(shop, gatepost.FaultFrozen, true)
	dark.waitFault(shop, gatepost.FaultBlack, true)
	if faults := append(faultsOf(shop, still.Camera, gatepost.FaultBlack), faultsOf(shop, dark.Camera, gatepost.FaultFrozen)...); len(faults) != 0 {
		t.Errorf("frozen is black, or black is frozen: %+v", faults)
	}
}

// scene is a camera and what it sees.
type scene struct {
	harness.Camera
	t      *testing.T
	source *harness.Process
}

// shows has the camera see something else.
func (c *scene) shows(src harness.Source) {
	if c.source != nil {
		c.source.Kill()
	}
	c.source = harness.Push(c.t, c.Camera, "rtmp", src)
}

type fault struct {
	From  time.Time
	Until *time.Time
}

func faultsOf(o tenant, c harness.Camera, kind gatepost.FaultKind) []fault {
	o.s.T.Helper()
	var list struct{ Items []fault }
	o.s.Call("GET", "/v1/faults?over=true&camera_id="+c.ID+"&kind="+string(kind), nil, &list, 200, o.token)
	return list.Items
}

// waitFault waits until a camera's only fault of a kind is there, or over.
func (c *scene) waitFault(o tenant, kind gatepost.FaultKind, over bool) {
	c.t.Helper()
	harness.Eventually(c.t, 3*time.Minute, fmt.Sprintf("the fault %s, over: %t", kind, over), func() error {
		list := faultsOf(o, c.Camera, kind)
		if len(list) > 1 {
			c.t.Fatalf("%d faults %s: %+v", len(list), kind, list)
		}
		if len(list) == 0 || (list[0].Until != nil) != over {
			return fmt.Errorf("%+v", list)
		}
		return nil
	})
}

type workOrder struct {
	CameraID string     `json:"camera_id"`
	OpenedAt time.Time  `json:"opened_at"`
	DoneAt   *time.Time `json:"done_at"`
	State    string
	Cause    string
}

// repaired checks that a camera's order is confirmed and what that came to.
func repaired(t *testing.T, s *harness.Server, o tenant, c harness.Camera) {
	t.Helper()
	var order workOrder
	harness.Eventually(t, 30*time.Second, "the repair is confirmed", func() error {
		var list struct{ Items []workOrder }
		s.Call("GET", "/v1/work-orders?closed=true", nil, &list, 200, o.token)
		for _, item := range list.Items {
			if item.CameraID == c.ID {
				order = item
			}
		}
		if order.State != "confirmed" {
			return errors.New(order.State)
		}
		return nil
	})
	var figures struct {
		Items []struct {
			Repaired   int64 `json:"orders_confirmed"`
			MeanRepair int64 `json:"mean_repair_ms"`
		}
	}
	s.Call("GET", "/v1/health/figures?month="+gatepost.MonthOf(time.Now()).String(), nil, &figures, 200)
	if order.Cause != "power" || len(figures.Items) != 1 || figures.Items[0].Repaired != 1 || figures.Items[0].MeanRepair != order.DoneAt.Sub(order.OpenedAt).Milliseconds() {
		t.Errorf("order %+v, figures %+v", order, figures)
	}
}
