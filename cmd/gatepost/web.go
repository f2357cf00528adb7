package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gatepost-video/gatepost"
)

// check is one thing that must work for a process to be ready.
type check struct {
	name string
	test func(context.Context) error
}

// readyTimeout bounds one round of checks.
const readyTimeout = 3 * time.Second

// ready answers 200 when every check passes, else 503 with the names of those that do not.
func ready(checks []check) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		failed := firstFailure(ctx, checks)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if failed != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"ready": failed == "", "waiting_for": failed})
	})
}

// firstFailure names the first check that fails, or "".
func firstFailure(ctx context.Context, checks []check) string {
	for _, c := range checks {
		if err := c.test(ctx); err != nil {
			slog.Warn("not ready", "check", c.name, "err", err)
			return c.name
		}
	}
	return ""
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// front is what stands between a server and those who ask it.
type front struct {
	proxies []netip.Prefix    // whose X-Forwarded-For is believed
	metrics gatepost.Networks // that may read /metrics, which names every camera
}

// metricsHandler serves the metrics to the networks that may read them. To whoever
// comes through a proxy that nobody named it does not: his address is not known.
func (f front) metricsHandler(r *prometheus.Registry) http.Handler {
	handler := promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		forwarded := req.Header.Values("X-Forwarded-For")
		addr := gatepost.RemoteAddr(req.RemoteAddr, forwarded, f.proxies)
		hidden := (len(forwarded) > 0 || req.Header.Get("Forwarded") != "") && addr == gatepost.ParseAddr(req.RemoteAddr)
		if hidden || f.metrics.Admit(addr) != nil {
			http.Error(w, "the metrics are not open to the network that you come from; --metrics-from says which are", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, req)
	})
}

// serveMedia serves the media plane until ctx ends. Replies may last as long as
// a live viewer waits, so there is no write timeout; headers have one.
func serveMedia(ctx context.Context, l net.Listener, tlsConfig *tls.Config, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		HTTP2:             http2Config(connectionStall),
		ErrorLog:          slog.NewLogLogger(quiet{slog.Default().Handler()}, slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConn,
	}
	if tlsConfig != nil {
		srv.TLSConfig = tlsConfig.Clone()
	}
	failed := make(chan error, 1)
	go func() {
		if tlsConfig != nil {
			failed <- srv.ServeTLS(l, "", "") // with HTTP/2, which Safari's LL-HLS needs
		} else {
			failed <- srv.Serve(mediaListener{l})
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		_ = srv.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// behind makes requests come from whom trusted proxies forward them for; from
// nowhere, if they do not say.
func (f front) behind(next http.Handler) http.Handler {
	if len(f.proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwarded := *r
		if addr := gatepost.RemoteAddr(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), f.proxies); addr.IsValid() {
			forwarded.RemoteAddr = netip.AddrPortFrom(addr, 0).String()
		} else {
			forwarded.RemoteAddr = ""
		}
		next.ServeHTTP(w, &forwarded)
	})
}

// quiet keeps request lines, which may hold tokens, out of the server's own
// error log: only the first words of each message pass.
type quiet struct{ slog.Handler }

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	message, _, _ := strings.Cut(r.Message, "\"")
	return q.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, message, 0))
}

// listenDebug binds the loopback address of pprof; nil when there is to be none.
func listenDebug(addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--pprof", Message: "must be a loopback address such as 127.0.0.1:6060"}
	}
	return listenTCP("--pprof", addr)
}

// serveDebug serves pprof until ctx ends.
func serveDebug(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return serveMedia(ctx, l, nil, mux)
}
