package gatepost

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"time"
)

// CameraState is where a camera stands in its life:
// enrolled → acceptance → in_service ⇄ suspended → retired.
type CameraState string

const (
	CameraPlanned    CameraState = "planned"    // a place in a plan, nothing installed
	CameraEnrolled   CameraState = "enrolled"   // registered, has never pushed
	CameraAcceptance CameraState = "acceptance" // has pushed; being measured, or measured and failed
	CameraInService  CameraState = "in_service" // measured and accepted
	CameraSuspended  CameraState = "suspended"  // may not push until resumed; its archive stays
	CameraRetired    CameraState = "retired"    // for good; its archive runs out by its retention
)

// MayPublish tells whether a camera in this state may push.
func (s CameraState) MayPublish() bool {
	return s == CameraEnrolled || s == CameraAcceptance || s == CameraInService
}

// PlaceCategory is the kind of place that a camera covers (mission R2).
type PlaceCategory string

const (
	PlaceTownCentre   PlaceCategory = "town_centre"   // 中心城镇
	PlaceMarketTown   PlaceCategory = "market_town"   // 重点集镇
	PlaceMainStreet   PlaceCategory = "main_street"   // 主要街区
	PlaceBusyArea     PlaceCategory = "busy_area"     // 繁华地段
	PlacePublic       PlaceCategory = "public_place"  // 公共场所
	PlaceJunction     PlaceCategory = "junction"      // 交通路口重点部位
	PlaceTroubled     PlaceCategory = "troubled_area" // 治安混乱地区
	PlaceBoundary     PlaceCategory = "boundary"      // 省市县乡边界
	PlaceMarket       PlaceCategory = "market"        // 专业市场
	PlaceResidential  PlaceCategory = "residential"   // 居民小区
	PlacePremises     PlaceCategory = "premises"      // 单位内部
	PlaceBus          PlaceCategory = "bus"           // 公交车辆
	PlaceVillage      PlaceCategory = "village"       // 行政村
	PlaceUnclassified PlaceCategory = "unclassified"
)

// PlaceCategories lists every category, in the order that forms show them.
var PlaceCategories = []PlaceCategory{
	PlaceTownCentre, PlaceMarketTown, PlaceMainStreet, PlaceBusyArea, PlacePublic, PlaceJunction,
	PlaceTroubled, PlaceBoundary, PlaceMarket, PlaceResidential, PlacePremises, PlaceBus, PlaceVillage,
	PlaceUnclassified,
}

// WatchClass is 1, 2 or 3 (mission R14): 1 is watched live around the clock by
// the local sub-control centre, 2 is watched live or recorded for review, 3 is
// recorded first and watched when needed.
type WatchClass int

// Position is a WGS-84 point in degrees.
type Position struct {
	Longitude float64 `json:"longitude"`
	Latitude  float64 `json:"latitude"`
}

// Box is all that lies between two meridians and two parallels, its edges with
// it. It does not go over the 180th meridian.
type Box struct{ West, South, East, North float64 } // degrees

// CameraFilter narrows a list of cameras; the zero value lets every camera through.
type CameraFilter struct {
	Owner string     // organisation id; "" for any
	Box   *Box       // holds the camera's position; nil for any camera, also without position
	Class WatchClass // 0 for any
}

// Camera is one enrolled camera. Owner, Responsible, Funder and Beneficiary are
// organisation ids: who owns it, who answers for it, who paid, who benefits (R9).
type Camera struct {
	ID         string
	NationalID string // GB/T 28181, 20 digits

	Name        string
	Position    *Position // nil when not given
	Address     string
	Division    string // division code; "" when not given
	Place       PlaceCategory
	Class       WatchClass
	Owner       string
	Responsible string
	Funder      string
	Beneficiary string

	Category       LegalCategory
	RetentionDays  int  // that its owner asks for; see RetentionPolicy.Days
	ConsentToShare bool // the owner's standing consent to police use
	SignPosted     bool // a sign tells passers-by (Order 799 art. 13)
	NotBannedPlace bool // the owner's declaration that it looks into no place of art. 8

	State      CameraState
	KeyHash    string // HashKey of the stream key
	SRTSecret  string // SRTPassphrase of the stream key
	Epoch      int64  // fencing: grows with each admitted publishing session
	Acceptance *Acceptance

	CreatedAt time.Time
	UpdatedAt time.Time
}

// OpenToLocalPolice tells whether the police of the camera's own county or town may
// look: at class 1 and 2 they may, at class 3 with the owner's standing consent.
func (c Camera) OpenToLocalPolice() bool {
	return c.Class == 1 || c.Class == 2 || c.Class == 3 && c.ConsentToShare
}

// HashKey is the form in which a stream key is stored: lower-case hex SHA-256.
// Stream keys are 160 random bits, so a slow hash would add nothing.
func HashKey(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:])
}

// KeyMatches compares key with a stored hash in constant time.
func KeyMatches(key, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(HashKey(key)), []byte(hash)) == 1
}

// SRTPassphrase derives the passphrase of SRT publishing from a stream key (40
// hex digits; SRT takes 10 to 79 characters), so that the key itself never
// crosses the network in an SRT handshake. It cannot be turned back into the key.
func SRTPassphrase(key string) string {
	b, err := hkdf.Key(sha256.New, []byte(key), nil, "gatepost srt passphrase v1", 20)
	if err != nil {
		panic(err) // only for lengths over 255 hashes
	}
	return hex.EncodeToString(b)
}

// Measurement is what a gateway observed of a publisher over an interval.
type Measurement struct {
	From             time.Time     `json:"from"`
	To               time.Time     `json:"to"`
	VideoCodec       string        `json:"video_codec"` // "h264", "h265", "av1" or ""
	AudioCodec       string        `json:"audio_codec"` // "aac", "opus", "g711a", "g711u" or ""
	Width            int           `json:"width"`
	Height           int           `json:"height"`
	FPS              float64       `json:"fps"`
	BitsPerSecond    int64         `json:"bits_per_second"`
	KeyInterval      time.Duration `json:"key_interval_ns"` // the longest seen; 0 when fewer than two key frames were
	FramesReceived   int64         `json:"frames_received"`
	PacketsLost      int64         `json:"packets_lost"`
	PacketsReceived  int64         `json:"packets_received"`
	ClockSkewPPM     float64       `json:"clock_skew_ppm"` // media clock against ours, over up to five minutes; positive: the camera's runs fast
	TimestampJumps   int           `json:"timestamp_jumps"`
	HasBFrames       bool          `json:"has_b_frames"`
	ParameterChanges int           `json:"parameter_changes"`
}

// Acceptance is the verdict on a measurement, with reasons in plain words.
type Acceptance struct {
	At          time.Time          `json:"at"`
	Passed      bool               `json:"passed"`
	Reasons     []AcceptanceReason `json:"reasons"` // why it failed, or what to know though it passed
	Measurement Measurement        `json:"measurement"`
}

// AcceptanceReason is one finding: a code for programs, words in both languages.
type AcceptanceReason struct {
	Code string `json:"code"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}
