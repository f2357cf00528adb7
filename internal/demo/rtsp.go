package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
)

func publishRTSP(ctx context.Context, p *player, address string) error {
	if _, err := base.ParseURL(address); err != nil {
		return errors.New("the RTSP address is not a URL") // which the parser's error would quote, key and all
	}
	h264 := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: p.clip.track.SPS, PPS: p.clip.track.PPS}
	desc := &description.Session{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{h264}}}}
	encoder, err := h264.CreateEncoder()
	if err != nil {
		return fmt.Errorf("set up RTP: %w", err)
	}

	tcp := gortsplib.ProtocolTCP
	client := &gortsplib.Client{Protocol: &tcp}
	if err := client.StartRecording(address, desc); err != nil {
		return fmt.Errorf("publish by RTSP: %w", err)
	}
	defer client.Close()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cancel(fmt.Errorf("RTSP connection: %w", client.Wait()))
	}()
	defer func() {
		client.Close()
		<-ended
	}()

	err = p.play(ctx, func(f frame, ticks int64, at time.Time) error {
		packets, err := encoder.Encode(f.units)
		if err != nil {
			return fmt.Errorf("packetise: %w", err)
		}
		for _, packet := range packets {
			packet.Timestamp = uint32(ticks)
			if err := client.WritePacketRTPWithNTP(desc.Medias[0], packet, at); err != nil {
				return fmt.Errorf("send by RTSP: %w", err)
			}
		}
		return nil
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
