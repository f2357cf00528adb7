package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/gatepost-video/gatepost/test/harness"
)

// loadClip is ten seconds of 720p25 at 2 Mbit/s, as access units.
func loadClip(t *testing.T) [][][]byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "load.h264")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=10",
		"-vf", "noise=alls=12:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2M", "-minrate", "2M", "-maxrate", "2M", "-bufsize", "2M",
		"-g", "50", "-sc_threshold", "0", "-bf", "0", "-pix_fmt", "yuv420p", "-x264-params", "aud=1", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var units [][][]byte
	var unit [][]byte
	for _, nalu := range strings.Split(strings.ReplaceAll(string(b), "\x00\x00\x00\x01", "\x00\x00\x01"), "\x00\x00\x01") {
		if nalu == "" {
			continue
		}
		if h264.NALUType(nalu[0]&0x1f) == h264.NALUTypeAccessUnitDelimiter {
			if len(unit) > 0 {
				units = append(units, unit)
			}
			unit = nil
			continue
		}
		unit = append(unit, []byte(nalu))
	}
	return append(units, unit)
}

// TestLoad pushes many cameras at real-time pace and wants every frame of each
// in the archive. It prints what the server used per stream; the figures decide
// nothing. GATEPOST_LONG=1 (make load) pushes 100 cameras for 30 s.
func TestLoad(t *testing.T) {
	cameras, seconds := 20, 8
	if harness.Long {
		cameras, seconds = 100, 30
	}
	clip := loadClip(t)
	s := harness.NewServer(t)
	cams := make([]harness.Camera, cameras)
	for i := range cams {
		cams[i] = s.Enrol("load " + strconv.Itoa(i))
	}
	cpu0, at0 := s.CPU(), time.Now()
	frames := seconds * 25
	var wg sync.WaitGroup
	failures := make(chan error, cameras)
	for _, c := range cams {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := publishClip(t.Context(), c.Publish.RTSP, clip, frames); err != nil {
				failures <- fmt.Errorf("camera %s: %w", c.ID, err)
			}
		}()
	}
	var memory int
	harness.Until(at0.Add(time.Duration(seconds) * time.Second * 3 / 4))
	memory = s.Memory()
	wg.Wait()
	used, took := s.CPU()-cpu0, time.Since(at0)
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	t.Logf("%d cameras, %s: %.2f ms of CPU per second and camera, %.2f MiB of memory a camera",
		cameras, took.Round(time.Second), used.Seconds()*1000/took.Seconds()/float64(cameras), float64(memory)/1024/float64(cameras))
	total := 0
	for _, c := range cams {
		s.Archived(c.ID, 1)
		n := 0
		for _, o := range s.Objects(c.ID) {
			n += len(harness.Probe(t, o))
		}
		if n != frames {
			t.Errorf("camera %s: %d frames in the archive, %d were sent", c.ID, n, frames)
		}
		total += n
	}
	t.Logf("%d frames sent, %d in the archive", frames*cameras, total)
}

// publishClip sends frames access units by RTSP over TCP at 25 a second.
func publishClip(ctx context.Context, url string, clip [][][]byte, frames int) error {
	var sps, pps []byte
	for _, nalu := range clip[0] {
		switch h264.NALUType(nalu[0] & 0x1f) {
		case h264.NALUTypeSPS:
			sps = nalu
		case h264.NALUTypePPS:
			pps = nalu
		}
	}
	f := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: sps, PPS: pps}
	media := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{f}}
	tcp := gortsplib.ProtocolTCP
	client := &gortsplib.Client{Protocol: &tcp, WriteQueueSize: 2048}
	if err := client.StartRecording(url, &description.Session{Medias: []*description.Media{media}}); err != nil {
		return fmt.Errorf("start: %s", harness.RedactURL(err.Error()))
	}
	defer client.Close()
	enc, err := f.CreateEncoder()
	if err != nil {
		return err
	}
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for i := range frames {
		packets, err := enc.Encode(clip[i%len(clip)])
		if err != nil {
			return err
		}
		for _, p := range packets {
			p.Timestamp = uint32(i * 3600)
			if err := client.WritePacketRTP(media, p); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
