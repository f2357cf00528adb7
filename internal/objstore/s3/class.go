package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore"
)

var (
	_ objstore.Classer  = (*Store)(nil)
	_ objstore.Restorer = (*Store)(nil)
)

// classes are Amazon's names. Only the last makes a reader wait.
var classes = map[gatepost.StorageClass]types.StorageClass{
	gatepost.ClassHot:        types.StorageClassStandard,
	gatepost.ClassInfrequent: types.StorageClassStandardIa,
	gatepost.ClassArchive:    types.StorageClassGlacierIr,

	gatepost.ClassDeepArchive: types.StorageClassDeepArchive,
}

// SetClass implements objstore.Classer: a copy of an object onto itself.
func (s *Store) SetClass(ctx context.Context, key string, class gatepost.StorageClass) error {
	if err := objstore.ValidKey(key); err != nil {
		return err
	}
	name, ok := classes[class]
	if !ok {
		return gatepost.InvalidField("class", "there is no storage class "+string(class))
	}
	has, err := s.class(ctx, key)
	if err != nil || has == name {
		return err
	}
	source := s.source(key)
	// Replacing the metadata, by what it is, lets servers copy an object onto itself that
	// know of no classes, too.
	if _, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &s.bucket, Key: &key, CopySource: &source, StorageClass: name,
		MetadataDirective: types.MetadataDirectiveReplace, ContentType: contentType(key)}); err != nil {
		return s.fail("set the class of", key, err)
	}
	if has, err = s.class(ctx, key); err == nil && has != name {
		err = fmt.Errorf("set the class of %s to %s: %w", key, name, objstore.ErrClass)
	}
	return err
}

// CopyInto implements objstore.Classer.
func (s *Store) CopyInto(ctx context.Context, from, to string, class gatepost.StorageClass) error {
	if err := errors.Join(objstore.ValidKey(from), objstore.ValidKey(to)); err != nil {
		return err
	}
	name, ok := classes[class]
	if !ok {
		return gatepost.InvalidField("class", "there is no storage class "+string(class))
	}
	source := s.source(from)
	if _, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &s.bucket, Key: &to, CopySource: &source, StorageClass: name}); err != nil {
		return s.fail("copy", from, err)
	}
	has, err := s.class(ctx, to)
	if err != nil || has == name {
		return err
	}
	return errors.Join(fmt.Errorf("copy %s into %s: %w", from, name, objstore.ErrClass), s.Delete(ctx, to))
}

// class returns the class that an object is in.
func (s *Store) class(ctx context.Context, key string) (types.StorageClass, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return "", s.fail("stat", key, err)
	}
	return cmp.Or(out.StorageClass, types.StorageClassStandard), nil // S3 does not name the standard one
}

// source names an object to copy. Servers decode it as a query, in which + is a space.
func (s *Store) source(key string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(s.bucket + "/" + key))
}
