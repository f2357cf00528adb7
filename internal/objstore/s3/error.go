package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/gatepost-video/gatepost"
)

// status returns the HTTP status of a failed request, 0 when there was none.
func status(err error) int {
	var re *smithyhttp.ResponseError
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

// code returns the S3 error code of a failed request, e.g. "NoSuchKey".
func code(err error) string {
	var ae smithy.APIError
	if errors.As(err, &ae) {
		return ae.ErrorCode()
	}
	return ""
}

// fail turns an error of the SDK into one of ours.
func (s *Store) fail(op, key string, err error) error {
	what := op
	if key != "" {
		what += " " + key
	}
	switch c := code(err); {
	case c == "NoSuchBucket":
		return fmt.Errorf("%s: %w", what, s.noBucket(err))
	case c == "NoSuchKey", status(err) == http.StatusNotFound:
		return fmt.Errorf("%s: %w", what, fs.ErrNotExist)
	case status(err) == http.StatusForbidden:
		return fmt.Errorf("%s: %w", what, &gatepost.Error{
			Code:    gatepost.Forbidden,
			Message: fmt.Sprintf("bucket %s at %s refuses access; check the credentials and their policy", s.bucket, s.endpoint),
			Err:     plain(err),
		})
	}
	return fmt.Errorf("%s: %w", what, &gatepost.Error{
		Code:    gatepost.Unavailable,
		Message: fmt.Sprintf("bucket %s at %s does not answer as it should", s.bucket, s.endpoint),
		Err:     plain(err),
	})
}

func (s *Store) noBucket(err error) error {
	return &gatepost.Error{
		Code:    gatepost.NotFound,
		Message: fmt.Sprintf("bucket %s at endpoint %s does not exist; create it or correct --objects", s.bucket, s.endpoint),
		Err:     errors.Join(errNoBucket, plain(err)),
	}
}

// plain drops the URL of a failed request: its query could hold a signature.
func plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return fmt.Errorf("%s: %w", ue.Op, ue.Err)
	}
	return err
}

func contentType(key string) *string {
	if path.Ext(key) == ".mp4" {
		return aws.String("video/mp4")
	}
	return aws.String("application/octet-stream")
}
