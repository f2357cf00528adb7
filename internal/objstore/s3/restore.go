package s3

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/gatepost-video/gatepost/internal/objstore"
)

// Restore implements objstore.Restorer (Amazon S3 API, RestoreObject), at the price of what need not
// be there within the day.
func (s *Store) Restore(ctx context.Context, key string, days int) error {
	if err := objstore.ValidKey(key); err != nil {
		return err
	}
	_, err := s.client.RestoreObject(ctx, &s3.RestoreObjectInput{Bucket: &s.bucket, Key: &key, RestoreRequest: &types.RestoreRequest{
		Days: aws.Int32(int32(days)), GlacierJobParameters: &types.GlacierJobParameters{Tier: types.TierBulk}}})
	switch {
	case err == nil, code(err) == "RestoreAlreadyInProgress":
		return nil
	default:
		return s.fail("restore", key, err)
	}
}

// Restored implements objstore.Restorer.
func (s *Store) Restored(ctx context.Context, key string) (time.Time, error) {
	if err := objstore.ValidKey(key); err != nil {
		return time.Time{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return time.Time{}, s.fail("stat", key, err)
	}
	return restoredUntil(aws.ToString(out.Restore)), nil
}

// restoredUntil reads the header x-amz-restore (Amazon S3 API, HeadObject):
//
//	ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"
func restoredUntil(header string) time.Time {
	_, rest, ok := strings.Cut(header, `expiry-date="`)
	if !ok || !strings.Contains(header, `ongoing-request="false"`) {
		return time.Time{}
	}
	date, _, ok := strings.Cut(rest, `"`)
	until, err := http.ParseTime(date)
	if !ok || err != nil {
		return time.Time{}
	}
	return until.UTC()
}
