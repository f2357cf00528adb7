package generator

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatepost-video/gatepost/test/load/clip"
	"github.com/gatepost-video/gatepost/test/load/publish"
	"github.com/gatepost-video/gatepost/test/load/server"
	"github.com/gatepost-video/gatepost/test/load/sink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestChild talks to a generator as its parent does: two cameras push to the null
// sink until they are told to end.
func TestChild(t *testing.T) {
	address, err := server.Address()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		if err := sink.Run(ctx, address); err != nil {
			t.Error(err)
		}
	})
	in, orders := io.Pipe()
	answers, out := io.Pipe()
	running.Go(func() {
		if err := Main(ctx, in, out); err != nil {
			t.Error(err)
		}
		out.Close()
	})
	enc, dec := json.NewEncoder(orders), json.NewDecoder(answers)
	say := func(v any) answer {
		t.Helper()
		var a answer
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	spec := Spec{Protocol: publish.RTSP, Clip: clip.Spec{Width: 320, Height: 180, BitRate: 100_000, Seconds: 2}, Stay: true,
		Publishers: []publish.Target{{Camera: "a", URL: "rtsp://" + address + "/a"}, {Camera: "b", URL: "rtsp://" + address + "/b"}}}
	if a := say(spec); a.Error != "" {
		t.Fatal(a.Error)
	}
	if a := say("dance"); a.Error == "" {
		t.Error("an order that is none is obeyed")
	}
	for deadline := time.Now().Add(time.Minute); ; {
		a := say(orderStatus)
		if a.Status != nil && a.Status.Pictures > 10 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a minute: %+v", a.Status)
		}
	}
	r := say(orderEnd).Result
	if r == nil || r.Error != "" || len(r.Sent) != 2 {
		t.Fatalf("the result is %+v", r)
	}
	for _, s := range r.Sent {
		if s.Camera == "" || s.Begin.IsZero() || len(s.Runs) != 1 || s.Pictures() == 0 {
			t.Errorf("a camera sent %+v", s)
		}
	}
}

// TestNoServer wants to hear at once that there is nothing to publish to.
func TestNoServer(t *testing.T) {
	address, err := server.Address()
	if err != nil {
		t.Fatal(err)
	}
	in, orders := io.Pipe()
	out := make(writer, 1)
	done := make(chan error, 1)
	go func() { done <- Main(t.Context(), in, out) }()
	spec := Spec{Protocol: publish.RTSP, Clip: clip.Spec{Width: 320, Height: 180, BitRate: 100_000, Seconds: 2},
		Publishers: []publish.Target{{Camera: "a", URL: "rtsp://" + address + "/a"}}}
	if err := json.NewEncoder(orders).Encode(spec); err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(<-out, &a); err != nil || a.Error == "" {
		t.Errorf("answered %+v, %v", a, err)
	}
	if err := <-done; err == nil {
		t.Error("nothing is wrong without a server")
	}
}

// TestOrphan has the parent vanish.
func TestOrphan(t *testing.T) {
	in, orders := io.Pipe()
	out := make(writer, 1)
	done := make(chan error, 1)
	go func() { done <- Main(t.Context(), in, out) }()
	if err := json.NewEncoder(orders).Encode(Spec{Kind: LLHLS}); err != nil {
		t.Fatal(err)
	}
	<-out
	orders.Close()
	if err := <-done; err == nil {
		t.Error("a generator without a parent is content")
	}
}

type writer chan []byte

func (w writer) Write(b []byte) (int, error) {
	w <- b
	return len(b), nil
}
