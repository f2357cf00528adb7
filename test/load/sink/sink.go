// Package sink is the floor of receiving: an RTSP server that takes every
// publisher, reads each packet and throws it away. What a gateway spends beyond it
// is the price of doing something with the pictures.
package sink

import (
	"context"
	"fmt"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

type handler struct{}

// OnAnnounce implements gortsplib.ServerHandlerOnAnnounce.
func (handler) OnAnnounce(*gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (handler) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil, nil
}

// OnRecord implements gortsplib.ServerHandlerOnRecord.
func (handler) OnRecord(r *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	r.Session.OnPacketRTPAny(func(*description.Media, format.Format, *rtp.Packet) {})
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// Run serves RTSP over TCP at address until ctx ends.
func Run(ctx context.Context, address string) error {
	s := &gortsplib.Server{Handler: handler{}, RTSPAddress: address}
	if err := s.Start(); err != nil {
		return fmt.Errorf("null sink: %w", err)
	}
	defer s.Close()
	failed := make(chan error, 1)
	go func() { failed <- s.Wait() }()
	select {
	case err := <-failed:
		return fmt.Errorf("null sink: %w", err)
	case <-ctx.Done():
		s.Close()
		<-failed
		return nil
	}
}
