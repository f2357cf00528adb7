package fiberhost

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
)

// Files below assetsDir have a hash in their name and never change.
const assetsDir = "assets/"

// Only texts of at least minGzip bytes are worth compressing.
const minGzip = 1 << 10

// portal serves a single-page app: its files, and its index.html for the
// addresses that the app itself knows.
type portal struct {
	files   map[string]*portalFile
	origins []string
	embeds  func(ctx context.Context, shareID string) ([]string, error)
}

type portalFile struct {
	data        []byte
	contentType string
	etag        string
	zipped      func() []byte // nil when not worth it
}

// Types that the system's own list may lack.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json", ".svg": "image/svg+xml",
	".wasm": "application/wasm", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2", ".png": "image/png",
	".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8", ".pmtiles": "application/octet-stream",
}

// newPortal reads every file: they are embedded in the binary, a few megabytes.
func newPortal(root fs.FS, origins []string, embeds func(context.Context, string) ([]string, error)) (*portal, error) {
	p := &portal{files: make(map[string]*portalFile), origins: origins, embeds: embeds}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		p.files[name] = newPortalFile(name, data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the portal's files: %w", err)
	}
	return p, nil
}

func newPortalFile(name string, data []byte) *portalFile {
	ext := path.Ext(name)
	f := &portalFile{data: data, contentType: contentTypes[ext]}
	if f.contentType == "" {
		f.contentType = mime.TypeByExtension(ext)
	}
	if f.contentType == "" {
		f.contentType = "application/octet-stream"
	}
	sum := sha256.Sum256(data)
	f.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	if len(data) >= minGzip && compressible(f.contentType) {
		f.zipped = sync.OnceValue(func() []byte {
			var out bytes.Buffer
			w := gzip.NewWriter(&out)
			// Writing to a buffer does not fail.
			_, _ = w.Write(data)
			_ = w.Close()
			return out.Bytes()
		})
	}
	return f
}

func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "application/json") ||
		contentType == "image/svg+xml" || contentType == "application/wasm" || contentType == "application/manifest+json"
}

func (p *portal) serve(c *fiber.Ctx) error {
	if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead || !ours(c.Path()) {
		return c.Next()
	}
	name, ok := fileName(c.Path())
	if !ok {
		return fiber.ErrNotFound
	}
	f := p.files[name]
	ancestors := "'none'"
	if id, ok := strings.CutPrefix(c.Path(), embedPath); ok {
		if f = p.files[embedFile]; f == nil {
			return fiber.ErrNotFound // the portal's own page is never for frames
		}
		var err error
		if ancestors, err = p.ancestors(c.UserContext(), id); err != nil {
			return err
		}
	}
	if f == nil && path.Ext(name) == "" || strings.HasPrefix(c.Path(), "/s/") {
		// An address of the app, not a file: /cameras, /s/<token> (a token has dots).
		name = "index.html"
		f = p.files[name]
	}
	if f == nil {
		return fiber.ErrNotFound
	}

	c.Set(fiber.HeaderContentType, f.contentType)
	c.Set(fiber.HeaderContentSecurityPolicy, p.policy(c.Hostname())+"; frame-ancestors "+ancestors)
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(self), fullscreen=(self), payment=(), usb=()")
	if strings.HasPrefix(name, assetsDir) {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	} else {
		c.Set(fiber.HeaderCacheControl, "no-cache") // asks each time, with the ETag
	}
	c.Set(fiber.HeaderETag, f.etag)
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), f.etag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	body := f.data
	if f.zipped != nil {
		c.Vary(fiber.HeaderAcceptEncoding)
		if strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
			c.Set(fiber.HeaderContentEncoding, "gzip")
			body = f.zipped()
		}
	}
	return c.Send(body)
}

// The page of a share link's picture alone, for frames on other sites. The link's
// token comes in the fragment, which stays in the browser.
const (
	embedPath = "/embed/"
	embedFile = "embed.html"
)

// ancestors is who may have the embed page of a link in a frame (CSP level 3 §6.4.2).
func (p *portal) ancestors(ctx context.Context, shareID string) (string, error) {
	if p.embeds == nil {
		return "'none'", nil
	}
	origins, err := p.embeds(ctx, shareID)
	if err != nil || len(origins) == 0 {
		return "'none'", err
	}
	return strings.Join(origins, " "), nil
}

// ours tells whether a path may be the portal's.
func ours(p string) bool {
	return p != "/v1" && !strings.HasPrefix(p, "/v1/") && !strings.HasPrefix(p, "/.well-known/") && p != "/metrics"
}

// fileName is the file that a path names. It refuses whatever could name
// another by decoding, by dots or by a separator of some other system.
func fileName(p string) (string, bool) {
	decoded, err := url.PathUnescape(p)
	if err != nil || strings.ContainsAny(decoded, "\\\x00%") {
		return "", false
	}
	name := strings.TrimSuffix(strings.TrimPrefix(decoded, "/"), "/")
	if name == "" {
		return "index.html", true
	}
	return name, fs.ValidPath(name)
}

// policy is the Content-Security-Policy (CSP level 3) of the portal's pages.
// Ant Design writes style elements; players feed MediaSource and decode in
// workers from blobs.
func (p *portal) policy(hostname string) string {
	sources := " 'self' blob:"
	for _, origin := range p.origins {
		sources += " " + strings.ReplaceAll(origin, "{host}", bareHost(hostname))
	}
	return "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
		"connect-src" + sources + "; media-src" + sources + "; worker-src 'self' blob:; child-src blob:; manifest-src 'self'; " +
		"base-uri 'none'; form-action 'self'; object-src 'none'"
}

// bareHost is a Host header's name without its port, or "localhost" when it is
// not one that may go into a policy.
func bareHost(hostname string) string {
	name := hostname
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		name = name[:i]
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-:[]", r) {
			return "localhost"
		}
	}
	if name == "" {
		return "localhost"
	}
	return name
}
