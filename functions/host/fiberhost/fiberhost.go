// Package fiberhost serves the control plane on Fiber: the operations, the
// OpenAPI document, health and metrics, and the portal's files. It carries no
// media; see docs/design for why.
package fiberhost

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/valyala/fasthttp"

	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

// Timeouts of a connection. A request is at most a megabyte, so that half a
// minute is enough for the slowest line.
const (
	readTimeout     = 30 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = 90 * time.Second
	requestTimeout  = 2 * time.Minute // of an operation; the longest writes a clip
	readyTimeout    = 3 * time.Second
	shutdownTimeout = 10 * time.Second
	maxHeaders      = 32 << 10 // bytes of request line and headers; tokens travel in both
)

// Options are what the host serves. The zero value serves no operations.
type Options struct {
	host.Options

	Register []host.Register // the functions' operations
	Portal   fs.FS           // the web app's files, index.html at its root; nil: none

	// Origins are what the portal's pages may fetch media from besides their
	// own origin, for the Content-Security-Policy: the media plane and the
	// object store, e.g. "https://media.example.org". "{host}" stands for the
	// host name that the page itself was asked at: "http://{host}:8081".
	Origins []string

	// Embeds returns the origins of the pages that may show a share link in a frame;
	// nil: no page may.
	Embeds func(ctx context.Context, shareID string) ([]string, error)

	Ready   func(ctx context.Context) error // asked by /readyz, has 3 s; nil: always ready
	Metrics http.Handler                    // serves /metrics; nil: not found
}

// Host is a control plane that can be served.
type Host struct {
	opts   Options
	logger *slog.Logger
	app    *fiber.App
	api    huma.API
	doc    []byte // OpenAPI
}

// New builds a host. It fails when the portal's files cannot be read.
func New(opts Options) (*Host, error) {
	h := &Host{opts: opts, logger: opts.Logger}
	if h.logger == nil {
		h.logger = slog.Default()
	}
	h.app = fiber.New(fiber.Config{
		AppName:               "gatepost",
		DisableStartupMessage: true,
		BodyLimit:             host.MaxBody,
		ReadBufferSize:        maxHeaders,
		ReadTimeout:           readTimeout,
		WriteTimeout:          writeTimeout,
		IdleTimeout:           idleTimeout,
		CaseSensitive:         true,
		StrictRouting:         true,
		// Strings outlive the request that they came with.
		Immutable:    true,
		ErrorHandler: h.refuse,
	})
	h.refuseUnknownMethods()
	h.app.Use(h.frame)
	h.app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	h.app.Get("/readyz", h.ready)
	h.app.Get("/openapi.json", h.document)
	if opts.Metrics != nil {
		h.app.Get("/metrics", adaptor.HTTPHandler(opts.Metrics))
	}
	h.app.Use(crossOrigin)

	h.api = humafiber.New(h.app, host.Config(opts.Version))
	host.Use(h.api, opts.Options)
	for _, register := range opts.Register {
		register(h.api)
	}
	var err error
	if h.doc, err = host.Document(h.api); err != nil {
		return nil, err
	}
	if opts.Portal != nil {
		p, err := newPortal(opts.Portal, opts.Origins, opts.Embeds)
		if err != nil {
			return nil, err
		}
		h.app.Use(p.serve) // last: what no operation took
	}
	return h, nil
}

// refuseUnknownMethods answers methods that Fiber does not know, which it would do in
// plain text before any handler of ours runs.
func (h *Host) refuseUnknownMethods() {
	next := h.app.Server().Handler
	known := make(map[string]bool)
	for _, method := range h.app.Config().RequestMethods {
		known[method] = true
	}
	h.app.Server().Handler = func(ctx *fasthttp.RequestCtx) {
		if known[string(ctx.Method())] {
			next(ctx)
			return
		}
		c := h.app.AcquireCtx(ctx)
		defer h.app.ReleaseCtx(c)
		c.Set(fiber.HeaderAllow, "GET, HEAD, POST, PATCH, DELETE, OPTIONS")
		if err := h.refuse(c, fiber.ErrMethodNotAllowed); err != nil {
			h.logger.Error("answer an unknown method", "err", err)
		}
	}
}

// API returns the API that the operations are registered with.
func (h *Host) API() huma.API { return h.api }

// Serve answers requests on a listener until ctx ends, then lets those under way finish for
// at most ten seconds. It closes the listener. config may be nil, for plain HTTP. It
// returns nil when it was ended by ctx.
func (h *Host) Serve(ctx context.Context, listener net.Listener, config *tls.Config) error {
	inner := listener
	listener = lingering{listener}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	done := make(chan error, 1)
	go func() { done <- h.app.Listener(listener) }()
	select {
	case err := <-done:
		return errors.Join(fmt.Errorf("serve %s: %w", inner.Addr(), err), closed(inner))
	case <-ctx.Done():
	}
	err := h.app.ShutdownWithTimeout(shutdownTimeout)
	// Without this a server that had not begun to listen yet never would stop.
	err = errors.Join(err, closed(inner))
	if stopped := <-done; !errors.Is(stopped, net.ErrClosed) {
		err = errors.Join(err, stopped)
	}
	if err != nil {
		return fmt.Errorf("stop serving %s: %w", inner.Addr(), err)
	}
	return nil
}

// closed closes a listener that may be closed already.
func closed(l net.Listener) error {
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (h *Host) ready(c *fiber.Ctx) error {
	if h.opts.Ready != nil {
		ctx, cancel := context.WithTimeout(c.UserContext(), readyTimeout)
		defer cancel()
		if err := h.opts.Ready(ctx); err != nil {
			return err
		}
	}
	return c.SendString("ready\n")
}

func (h *Host) document(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "application/json")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	return c.Send(h.doc)
}

// refuse answers what no operation answered: Fiber's own findings, and errors
// of the handlers here.
func (h *Host) refuse(c *fiber.Ctx, err error) error {
	var p *problem.Problem
	var e *fiber.Error
	if errors.As(err, &e) {
		// Not Fiber's message: it quotes the path, which may be a token.
		p = problem.New(e.Code, details[e.Code])
		linger(c, e.Code)
		if p.Detail == "" {
			p.Detail = "the request cannot be served as it is"
		}
	} else {
		p = problem.From(err)
		problem.Log(c.UserContext(), p, err)
	}
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(p.Status).JSON(p, problem.ContentType)
}

var details = map[int]string{
	http.StatusBadRequest:                  "this is not a well-formed HTTP request",
	http.StatusNotFound:                    "there is nothing at this path; see /openapi.json",
	http.StatusMethodNotAllowed:            "this path does not take this method; the Allow header lists those that it takes",
	http.StatusRequestTimeout:              "the request did not arrive in time",
	http.StatusRequestEntityTooLarge:       "the body is larger than 1 MiB",
	http.StatusRequestHeaderFieldsTooLarge: "the request line and headers are larger than 32 KiB",
}
