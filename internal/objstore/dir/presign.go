package dir

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/gatepost-video/gatepost/internal/objstore"
)

const (
	secretFile = private + "/secret"
	secretLen  = 32

	// Prefix is the path under which Handler is mounted.
	Prefix = "/objects/"
)

// claim is what a presigned URL allows.
type claim struct {
	key      string
	expires  int64  // Unix seconds
	span     string // "first-last", "" for the whole object
	filename string
}

// Presign implements objstore.Store.
func (s *Store) Presign(_ context.Context, key string, opts objstore.PresignOptions) (string, error) {
	if err := objstore.ValidKey(key); err != nil {
		return "", err
	}
	opts, err := opts.Normalise()
	if err != nil {
		return "", err
	}
	c := claim{key: key, expires: s.now().Add(opts.Expires).Unix(), filename: opts.Filename}
	query := url.Values{"expires": {strconv.FormatInt(c.expires, 10)}}
	if r := opts.Range; r != nil {
		c.span = fmt.Sprintf("%d-%d", r[0], r[1])
		query.Set("range", c.span)
	}
	if c.filename != "" {
		query.Set("filename", c.filename)
	}
	query.Set("sig", s.sign(c))
	return strings.TrimSuffix(s.base, "/") + (&url.URL{Path: Prefix + key}).EscapedPath() + "?" + query.Encode(), nil
}

func (s *Store) sign(c claim) string {
	h := hmac.New(sha256.New, s.secret)
	// No field can hold a newline, so that the lines cannot be shifted.
	fmt.Fprintf(h, "gatepost object v1\n%s\n%d\n%s\n%s", c.key, c.expires, c.span, c.filename)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// loadSecret reads the signing secret, or makes it at first use.
func loadSecret(root *os.Root) ([]byte, error) {
	b, err := root.ReadFile(secretFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeSecret(root); err == nil {
			b, err = root.ReadFile(secretFile)
		}
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(secret) != secretLen {
		return nil, fmt.Errorf("%s is not %d bytes in hex; remove it, and a new one will be made", secretFile, secretLen)
	}
	return secret, nil
}

// makeSecret writes a new secret unless another process was quicker.
func makeSecret(root *os.Root) (err error) {
	var b [secretLen + 8]byte
	_, _ = rand.Read(b[:])
	name := tempDir + "/" + hex.EncodeToString(b[secretLen:])
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(b[:secretLen]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = root.Link(name, secretFile)
		if errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	return errors.Join(err, root.Remove(name))
}
