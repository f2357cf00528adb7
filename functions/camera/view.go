package camera

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gatepost-video/gatepost"
)

// staleAfter is the age at which a gateway's word on a camera no longer counts:
// three of its full reports were missed.
const staleAfter = 30 * time.Second

// Camera is a camera as the API shows one.
type Camera struct {
	ID             string                 `json:"id"`
	NationalID     string                 `json:"national_id" doc:"GB/T 28181, 20 digits"`
	Name           string                 `json:"name"`
	Position       *Position              `json:"position"`
	Address        string                 `json:"address"`
	Division       string                 `json:"division" doc:"Division code; empty when not given"`
	Place          gatepost.PlaceCategory `json:"place" enum:"town_centre,market_town,main_street,busy_area,public_place,junction,troubled_area,boundary,market,residential,premises,bus,village,unclassified"`
	Class          int                    `json:"class" doc:"Watch class, 1 to 3"`
	OwnerID        string                 `json:"owner_id"`
	ResponsibleID  string                 `json:"responsible_id"`
	FunderID       string                 `json:"funder_id"`
	BeneficiaryID  string                 `json:"beneficiary_id"`
	Category       gatepost.LegalCategory `json:"category" enum:"general,key_target"`
	RetentionDays  int                    `json:"retention_days" doc:"That its owner asks for; see GET /v1/cameras/{id}/retention for those that count"`
	ConsentToShare bool                   `json:"consent_to_share"`
	SignPosted     bool                   `json:"sign_posted"`
	NotBannedPlace bool                   `json:"not_banned_place"`
	State          gatepost.CameraState   `json:"state" enum:"planned,enrolled,acceptance,in_service,suspended,retired"`
	Online         bool                   `json:"online"`
	Recording      bool                   `json:"recording"`

	RecordingProblem      gatepost.RecordingProblem `json:"recording_problem,omitempty" enum:"recorder,storage,tracks,key_frames,upload" doc:"What is wrong with the recording of a camera that is online: recorder (it does nothing), storage (the gateway's disk cannot be written), tracks (what the camera sends cannot be put into a file), key_frames (the camera sends none), upload (recorded at the gateway, and not yet in the archive)"`
	RecordingProblemSince *time.Time                `json:"recording_problem_since,omitempty" doc:"When that began; what was recorded before is safe"`

	Picture      string     `json:"picture" enum:"unchecked,good,black,frozen" doc:"What its pictures show, by a key frame now and then: unchecked while it is offline, or where nobody looks"`
	PictureSince *time.Time `json:"picture_since,omitempty"`

	Protocol   string             `json:"protocol" doc:"That it pushes or last pushed by: rtsp, rtmp, srt, whip; empty when it never did"`
	Since      *time.Time         `json:"since,omitempty" doc:"When it came online or went offline; not there when it never pushed"`
	EndReason  gatepost.EndReason `json:"end_reason,omitempty" doc:"Why it went offline"`
	Viewers    int                `json:"viewers"`
	Media      CameraMedia        `json:"media" doc:"Of the last seconds that it pushed"`
	Acceptance *CameraAcceptance  `json:"acceptance"`
	SignOff    *CameraSignOff     `json:"sign_off,omitempty" doc:"The last word of its division's police on whether it is built as it should be (POST /v1/cameras/{id}/sign-off); of one camera, not in lists"`
	CreatedAt  time.Time          `json:"created_at"`
	UpdatedAt  time.Time          `json:"updated_at"`
}

// TransformSchema implements huma.SchemaTransformer: the verdict may be null.
func (Camera) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	if p := s.Properties["acceptance"]; p != nil && p.Ref != "" {
		s.Properties["acceptance"] = &huma.Schema{
			OneOf:       []*huma.Schema{{Ref: p.Ref}, {Type: "null"}},
			Description: "The newest verdict; null before the first, and while being measured again",
		}
	}
	return s
}

// CameraMedia is what a gateway measured of a camera.
type CameraMedia struct {
	VideoCodec       string  `json:"video_codec" doc:"h264, h265, av1 or empty"`
	AudioCodec       string  `json:"audio_codec" doc:"aac, opus, g711a, g711u or empty"`
	Width            int     `json:"width"`
	Height           int     `json:"height"`
	FPS              float64 `json:"fps"`
	BitsPerSecond    int64   `json:"bits_per_second"`
	KeyIntervalMS    int64   `json:"key_interval_ms" doc:"The longest seen, in milliseconds; 0 when fewer than two key frames were"`
	PacketsLost      int64   `json:"packets_lost"`
	PacketsReceived  int64   `json:"packets_received"`
	ClockSkewPPM     float64 `json:"clock_skew_ppm" doc:"Positive: the camera's clock runs fast"`
	TimestampJumps   int     `json:"timestamp_jumps"`
	HasBFrames       bool    `json:"has_b_frames"`
	ParameterChanges int     `json:"parameter_changes"`
}

// CameraAcceptance is a verdict.
type CameraAcceptance struct {
	At          time.Time             `json:"at"`
	Passed      bool                  `json:"passed"`
	Reasons     []CameraAcceptReason  `json:"reasons" doc:"Why it failed, or what to know though it passed"`
	Measurement CameraMediaOverWindow `json:"measurement"`
}

// CameraSignOff is the police's word on a camera that was measured.
type CameraSignOff struct {
	At             time.Time `json:"at"`
	OrganisationID string    `json:"organisation_id" doc:"Whose word it is"`
	Passed         bool      `json:"passed"`
	Remark         string    `json:"remark,omitempty" doc:"What is missing"`
}

// CameraAcceptReason is one finding.
type CameraAcceptReason struct {
	Code string `json:"code"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

// CameraMediaOverWindow is a measurement with its times.
type CameraMediaOverWindow struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	CameraMedia
}

func viewMedia(m gatepost.Measurement) CameraMedia {
	return CameraMedia{
		VideoCodec: m.VideoCodec, AudioCodec: m.AudioCodec, Width: m.Width, Height: m.Height, FPS: m.FPS,
		BitsPerSecond: m.BitsPerSecond, KeyIntervalMS: m.KeyInterval.Milliseconds(),
		PacketsLost: m.PacketsLost, PacketsReceived: m.PacketsReceived, ClockSkewPPM: m.ClockSkewPPM,
		TimestampJumps: m.TimestampJumps, HasBFrames: m.HasBFrames, ParameterChanges: m.ParameterChanges,
	}
}

// view shows a camera with the newest word on it, if there is one.
func view(c gatepost.Camera, st gatepost.CameraStatus, now time.Time) Camera {
	v := Camera{
		ID: c.ID, NationalID: c.NationalID, Name: c.Name, Position: (*Position)(c.Position), Address: c.Address, Division: c.Division,
		Place: c.Place, Class: int(c.Class), OwnerID: c.Owner, ResponsibleID: c.Responsible, FunderID: c.Funder, BeneficiaryID: c.Beneficiary,
		Category: c.Category, RetentionDays: c.RetentionDays, ConsentToShare: c.ConsentToShare, SignPosted: c.SignPosted, NotBannedPlace: c.NotBannedPlace,
		State: c.State, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		Protocol: st.Protocol, EndReason: st.EndReason, Media: viewMedia(st.Measurement), Picture: "unchecked",
	}
	if !st.SeenAt.IsZero() {
		fresh := now.Sub(st.SeenAt) < staleAfter
		since := st.Since
		v.Online = st.Online && fresh && c.State.MayPublish()
		v.Recording = st.Recording && v.Online
		if v.Online && st.Problem != "" {
			began := st.ProblemSince
			v.RecordingProblem, v.RecordingProblemSince = st.Problem, &began
		}
		if v.Online && st.Picture != gatepost.PictureUnchecked {
			began := st.PictureSince
			v.Picture, v.PictureSince = string(st.Picture), &began
		}
		switch {
		case v.Online:
			v.Viewers, v.EndReason = st.Viewers, ""
		case st.Online && !fresh:
			since, v.EndReason = st.SeenAt, gatepost.EndCrash // its gateway went silent
		case st.Online:
			since, v.EndReason = c.UpdatedAt, gatepost.EndSuspended // being told to stop
		}
		v.Since = &since
	}
	if a := c.Acceptance; a != nil {
		va := &CameraAcceptance{At: a.At, Passed: a.Passed, Reasons: make([]CameraAcceptReason, 0, len(a.Reasons)),
			Measurement: CameraMediaOverWindow{From: a.Measurement.From, To: a.Measurement.To, CameraMedia: viewMedia(a.Measurement)}}
		for _, r := range a.Reasons {
			va.Reasons = append(va.Reasons, CameraAcceptReason(r))
		}
		v.Acceptance = va
	}
	return v
}

// show is view with the status and the police's word looked up.
func (f *Function) show(ctx context.Context, c gatepost.Camera) (*cameraOutput, error) {
	st, err := f.opts.Store.CameraStatuses(ctx, []string{c.ID})
	if err != nil {
		return nil, err
	}
	out := &cameraOutput{Body: view(c, st[c.ID], time.Now())}
	word, ok, err := f.opts.Store.LastSignoff(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if ok {
		out.Body.SignOff = &CameraSignOff{At: word.At, OrganisationID: word.Organisation, Passed: word.Passed, Remark: word.Remark}
	}
	return out, nil
}
