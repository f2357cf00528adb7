// Package s3 keeps objects in an S3 bucket, Amazon's or any other that speaks
// Signature Version 4.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

const (
	// maxPut is the most that one PUT may carry (Amazon S3 User Guide,
	// "Uploading objects"): 5 GiB. Recordings have some 100 MB.
	maxPut = 5 << 30

	// defaultRegion is taken when neither the options nor the AWS
	// configuration name one; servers other than Amazon's accept it.
	defaultRegion = "us-east-1"
)

// Options configure a Store. Credentials come from the usual AWS chain:
// environment, shared files, container or instance role.
type Options struct {
	Bucket   string
	Endpoint string // e.g. "https://minio.example:9000", then with path-style addresses; empty: Amazon's
	Region   string // empty: that of the AWS configuration, else us-east-1

	// PublicEndpoint is the endpoint as viewers reach it, when that is
	// another name than Endpoint. Presigned URLs name it.
	PublicEndpoint string
}

// Store is a bucket.
type Store struct {
	bucket   string
	endpoint string // for messages
	client   *s3.Client
	presign  *s3.PresignClient
}

var _ objstore.Store = (*Store)(nil)

// Open makes a Store. It reads the AWS configuration, but asks nothing of the
// bucket: that is Check's work. It fails with gatepost.Invalid.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.Bucket == "" {
		return nil, gatepost.InvalidField("objects", "an S3 URL names its bucket: s3://bucket?endpoint=…&region=…")
	}
	for _, endpoint := range []string{opts.Endpoint, opts.PublicEndpoint} {
		if err := checkEndpoint(endpoint); err != nil {
			return nil, err
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithHTTPClient(httpClient()),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 4
				o.MaxBackoff = 5 * time.Second
				// A long outage must not use up the right to retry: callers
				// have backoffs of their own.
				o.RateLimiter = unlimited{}
			})
		}),
		// Bodies are covered by the signature's SHA-256; checksums beyond it
		// are refused by some servers.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	)
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "objects", Message: "the AWS configuration cannot be read", Err: err}
	}
	// The builder has taken AWS_CA_BUNDLE into account; a plain client over
	// its transport can be closed.
	if b, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = &http.Client{
			Transport:     b.GetTransport(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if opts.Region != "" {
		cfg.Region = opts.Region
	}
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	s := &Store{bucket: opts.Bucket, endpoint: opts.Endpoint, client: newClient(cfg, opts.Endpoint)}
	if s.endpoint == "" {
		s.endpoint = "Amazon S3 in " + cfg.Region
	}
	public := s.client
	if opts.PublicEndpoint != "" {
		public = newClient(cfg, opts.PublicEndpoint)
	}
	s.presign = s3.NewPresignClient(public)
	return s, nil
}

func newClient(cfg aws.Config, endpoint string) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
			o.UsePathStyle = true
		}
	})
}

func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return gatepost.InvalidField("objects", "an S3 endpoint is an http or https URL of a host, e.g. https://minio.example:9000")
	}
	return nil
}

// httpClient bounds everything but the transfer itself, which the caller's
// context bounds.
func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 5 * time.Second }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = 32
			t.IdleConnTimeout = time.Minute
			t.ResponseHeaderTimeout = time.Minute
		})
}

// Close lets go of idle connections.
func (s *Store) Close() error {
	if c, ok := s.client.Options().HTTPClient.(*http.Client); ok {
		c.CloseIdleConnections()
	}
	return nil
}

// Check implements objstore.Store.
func (s *Store) Check(ctx context.Context) error {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	if err == nil {
		return nil
	}
	switch status(err) {
	case http.StatusNotFound:
		return s.noBucket(err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return &gatepost.Error{
			Code:    gatepost.Forbidden,
			Message: fmt.Sprintf("bucket %s at %s refuses these credentials; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role, and its policy", s.bucket, s.endpoint),
			Err:     err,
		}
	case http.StatusMovedPermanently, http.StatusBadRequest:
		return &gatepost.Error{
			Code:    gatepost.Invalid,
			Field:   "objects",
			Message: fmt.Sprintf("bucket %s is in another region than the configured one; correct region= in --objects", s.bucket),
			Err:     err,
		}
	}
	return s.fail("check", "", err)
}

// Put implements objstore.Store. It refuses what one PUT cannot carry, 5 GiB.
func (s *Store) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	if err := objstore.ValidKey(key); err != nil {
		return err
	}
	if size > maxPut {
		return &gatepost.Error{Code: gatepost.TooLarge, Field: "size", Message: "an object may have 5 GiB at most"}
	}
	here, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	end, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	if end-here != size {
		return gatepost.InvalidField("size", fmt.Sprintf("the reader does not hold the %d bytes that were promised", size))
	}
	if _, err := r.Seek(here, io.SeekStart); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:        &s.bucket,
		Key:           &key,
		Body:          r,
		ContentLength: &size,
		ContentType:   contentType(key),
	})
	if err != nil {
		return s.fail("put", key, err)
	}
	return nil
}

// Copy implements objstore.Store. The bytes do not leave the server.
func (s *Store) Copy(ctx context.Context, from, to string) error {
	for _, key := range []string{from, to} {
		if err := objstore.ValidKey(key); err != nil {
			return err
		}
	}
	if from == to { // S3 refuses it
		_, err := s.Stat(ctx, from)
		return err
	}
	source := s.source(from)
	if _, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &s.bucket, Key: &to, CopySource: &source}); err != nil {
		return s.fail("copy", from, err)
	}
	return nil
}

// Get implements objstore.Store.
func (s *Store) Get(ctx context.Context, key string, off, length int64) (io.ReadCloser, error) {
	if err := objstore.ValidKey(key); err != nil {
		return nil, err
	}
	if off < 0 || length == 0 {
		return nil, gatepost.InvalidField("range", "a read begins at 0 or later and has at least one byte")
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	switch {
	case length > 0:
		in.Range = aws.String(rangeOf(off, off+length-1))
	case off > 0:
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", off))
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil && status(err) == http.StatusRequestedRangeNotSatisfiable {
		if off > 0 {
			return nil, fmt.Errorf("get %s: %w", key, objstore.ErrRange)
		}
		return http.NoBody, nil // the first bytes of an empty object
	}
	if err != nil {
		return nil, s.fail("get", key, err)
	}
	return out.Body, nil
}

// Stat implements objstore.Store.
func (s *Store) Stat(ctx context.Context, key string) (objstore.Info, error) {
	if err := objstore.ValidKey(key); err != nil {
		return objstore.Info{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return objstore.Info{}, s.fail("stat", key, err)
	}
	return objstore.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}, nil
}

// rangeOf is the Range header of a stretch, by its first and last byte.
func rangeOf(first, last int64) string { return fmt.Sprintf("bytes=%d-%d", first, last) }

// unlimited never refuses a retry.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}

func (unlimited) AddTokens(uint) error { return nil }

var errNoBucket = errors.New("no such bucket")
