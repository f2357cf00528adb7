package fiberhost

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/problem"
)

// frame is around every request: its id, the headers that every answer has, a
// debug line without secrets, and what becomes of a panic.
func (h *Host) frame(c *fiber.Ctx) (err error) {
	began := time.Now()
	id := host.RequestID(c.Get(host.RequestIDHeader))
	c.Request().Header.Set(host.RequestIDHeader, id) // operations log under the same
	logger := h.logger.With("request", id)
	// Fiber does not tell when a client leaves: only this ends an operation
	// that hangs.
	ctx, cancel := context.WithTimeout(c.UserContext(), requestTimeout)
	defer cancel()
	ctx = problem.WithLogger(ctx, logger)
	c.SetUserContext(ctx)

	c.Set(host.RequestIDHeader, id)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer") // addresses hold tokens
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")

	defer func() {
		if r := recover(); r != nil {
			problem.LogPanic(ctx, r)
			err = c.App().ErrorHandler(c, fiber.ErrInternalServerError)
		}
		logger.DebugContext(ctx, "request", "method", c.Method(), "path", masked(c.Path()),
			"status", c.Response().StatusCode(), "took", time.Since(began))
	}()

	original := string(c.Context().URI().PathOriginal())
	if _, err := url.PathUnescape(original); err != nil || !strings.HasPrefix(original, "/") {
		return c.App().ErrorHandler(c, fiber.ErrBadRequest)
	}
	if err := c.Next(); err != nil {
		return c.App().ErrorHandler(c, err)
	}
	if len(c.Response().Header.Peek(fiber.HeaderCacheControl)) == 0 {
		c.Set(fiber.HeaderCacheControl, "no-store")
	}
	return nil
}

// secretPaths hold a token in the segment that follows.
var secretPaths = []string{"/v1/playback/", "/s/"}

// masked is a path that may be logged.
func masked(path string) string {
	for _, prefix := range secretPaths {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			if _, tail, ok := strings.Cut(rest, "/"); ok {
				return prefix + "…/" + tail
			}
			return prefix + "…"
		}
	}
	return path
}

// openPaths are used by players and pages on other origins: CORS (Fetch
// standard §3.2) lets anyone in, without cookies. All else is for the portal's
// own origin.
var openPaths = []string{"/v1/shares/open", "/v1/shares/renew", "/v1/playback/", "/.well-known/jwks.json",
	"/v1/evidence-keys", "/v1/ledger/key", "/v1/ledger/consistency"}

func crossOrigin(c *fiber.Ctx) error {
	path := c.Path()
	for _, open := range openPaths {
		if path != open && (!strings.HasSuffix(open, "/") || !strings.HasPrefix(path, open)) {
			continue
		}
		c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
		c.Set(fiber.HeaderAccessControlExposeHeaders, "Content-Length, Content-Range, Accept-Ranges, Retry-After, "+host.RequestIDHeader)
		if c.Method() == fiber.MethodOptions {
			c.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, POST, OPTIONS")
			c.Set(fiber.HeaderAccessControlAllowHeaders, "Content-Type, Range")
			c.Set(fiber.HeaderAccessControlMaxAge, "86400")
			return c.SendStatus(fiber.StatusNoContent)
		}
		break
	}
	return c.Next()
}
