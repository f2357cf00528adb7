package s3

import (
	"context"
	"mime"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Presign implements objstore.Store. A Range becomes one of the signed headers
// (Signature Version 4, "Authenticating requests: query parameters"), so that
// the server refuses any other.
func (s *Store) Presign(ctx context.Context, key string, opts objstore.PresignOptions) (string, error) {
	if err := objstore.ValidKey(key); err != nil {
		return "", err
	}
	opts, err := opts.Normalise()
	if err != nil {
		return "", err
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	if r := opts.Range; r != nil {
		in.Range = aws.String(rangeOf(r[0], r[1]))
	}
	if opts.Filename != "" {
		in.ResponseContentDisposition = aws.String(mime.FormatMediaType("attachment", map[string]string{"filename": opts.Filename}))
	}
	req, err := s.presign.PresignGetObject(ctx, in, s3.WithPresignExpires(opts.Expires))
	if err != nil {
		return "", s.fail("presign", key, err)
	}
	return req.URL, nil
}
