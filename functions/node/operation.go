package node

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host/auth"
)

type publishInput struct{ Body gatepost.PublishRequest }

type publishOutput struct{ Body gatepost.PublishPermit }

type syncInput struct{ Body gatepost.SyncRequest }

type syncOutput struct{ Body gatepost.SyncReply }

type recordingInput struct{ Body gatepost.Recording }

type measurementInput struct{ Body MeasurementReport }

// MeasurementReport is a camera's measurement.
type MeasurementReport struct {
	CameraID    string               `json:"camera_id"`
	Measurement gatepost.Measurement `json:"measurement"`
}

type passphraseInput struct {
	ID string `path:"id"`
}

type passphraseOutput struct{ Body Passphrase }

// Passphrase is what an SRT caller must prove.
type Passphrase struct {
	Passphrase string `json:"passphrase"`
}

// maxNodeBody holds the statuses of ten thousand cameras.
const maxNodeBody = 16 << 20

// Register adds the operations to an API.
func (s *Service) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"node"},
			Security: auth.Node, MaxBodyBytes: maxNodeBody}
	}
	huma.Register(api, op("authorise-publish", http.MethodPost, "/v1/node/publish", "May this camera publish?"),
		func(ctx context.Context, in *publishInput) (*publishOutput, error) {
			p, err := s.AuthorisePublish(ctx, in.Body)
			return &publishOutput{p}, err
		})
	huma.Register(api, op("sync-node", http.MethodPost, "/v1/node/sync", "Statuses of cameras in, revocations out"),
		func(ctx context.Context, in *syncInput) (*syncOutput, error) {
			r, err := s.Sync(ctx, in.Body)
			return &syncOutput{r}, err
		})
	closed := op("close-recording", http.MethodPost, "/v1/node/recordings", "This recording is complete")
	closed.DefaultStatus = http.StatusNoContent
	huma.Register(api, closed, func(ctx context.Context, in *recordingInput) (*struct{}, error) {
		return nil, s.RecordingClosed(ctx, in.Body)
	})
	measured := op("report-measurement", http.MethodPost, "/v1/node/acceptance", "This is how the camera was in its first half minute")
	measured.DefaultStatus = http.StatusNoContent
	huma.Register(api, measured, func(ctx context.Context, in *measurementInput) (*struct{}, error) {
		return nil, s.ReportMeasurement(ctx, in.Body.CameraID, in.Body.Measurement)
	})
	huma.Register(api, op("srt-passphrase", http.MethodGet, "/v1/node/cameras/{id}/srt", "What an SRT caller must prove"),
		func(ctx context.Context, in *passphraseInput) (*passphraseOutput, error) {
			p, err := s.SRTPassphrase(ctx, in.ID)
			return &passphraseOutput{Passphrase{p}}, err
		})
}
