package gatepost

import (
	_ "embed"
	"time"
)

// UndertakingVersion is the version of the undertaking (承诺书) that is accepted now.
const UndertakingVersion = 1

var (
	//go:embed undertaking/1.zh.txt
	undertakingZH string
	//go:embed undertaking/1.en.txt
	undertakingEN string
)

// UndertakingText is what is accepted.
type UndertakingText struct {
	Version int    `json:"version"`
	ZH      string `json:"zh"`
	EN      string `json:"en"`
}

// CurrentUndertaking is the text that is accepted now.
func CurrentUndertaking() UndertakingText {
	return UndertakingText{Version: UndertakingVersion, ZH: undertakingZH, EN: undertakingEN}
}

// CheckUndertaking fails with Invalid unless version is what is accepted now.
func CheckUndertaking(version int) error {
	if version != UndertakingVersion {
		return InvalidField("undertaking", "this is not the version that is accepted now; read the newest of GET /v1/signup")
	}
	return nil
}

// Undertaking says that a person accepted a version of what whoever uses the
// platform promises.
type Undertaking struct {
	UserID       string
	Organisation string // id
	Version      int
	AcceptedAt   time.Time
}
