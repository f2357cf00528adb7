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

func crossOrigin(c *fiber.Ctx) error {
	if host.CrossOrigin(c.Method(), c.Path(), c.Set) {
		return c.SendStatus(fiber.StatusNoContent)
	}
	return c.Next()
}
